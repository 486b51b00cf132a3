// How the files of the end-to-end tests share one engine. They are processes of their own, so what they agree on is
// in a folder: which labs are up, and whose turn it is. `scripts/e2e.config.ts` says which files run at once.
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { afterAll, beforeAll } from 'vitest'
import { cacheFolder } from '#images/cache.ts'
import { clusterName, nodeName } from '#lab/kind.ts'
import { labOf, type Lab } from '#lab/lab.ts'
import { loadRun } from '#lab/run-state.ts'
import { loadTopologyFile } from '#topology/topology-file.ts'
import { clusterContents } from './cluster-contents.ts'
import { engineContents, meshproof } from './product.ts'

const notes = (): string => join(cacheFolder(), 'e2e')

/** A lab that files use one after the other. */
export type SharedLab = {
  lab: Lab
  /** Leads a run to it: `--topology=… --reuse=…`. */
  flags: string[]
  /** What was in the engine before the lab. */
  engineBefore: string[]
}

type Note = { id: string; engineBefore: string[]; digests: Record<string, string> }

/**
 * For a block of tests that need a healthy lab of a topology: the first such block brings it up, and it stays for the
 * next ones. After each block it must be as it was: healthy, with the same objects. Otherwise the block fails, and the
 * next one gets another lab. A block may also take the lab down.
 */
export const sharedLab = (topology: string): (() => SharedLab) => {
  let shared: SharedLab | undefined
  let note: Note
  beforeAll(async () => {
    note = (await noteOf(topology)) ?? (await bringUp(topology))
    const { id, engineBefore } = note
    shared = { lab: await labFrom(topology, id), flags: [`--topology=${topology}`, `--reuse=${id}`], engineBefore }
  }, 5 * 60_000)
  afterAll(async () => {
    if (shared === undefined || (await noteOf(topology)) === undefined) return
    const differences = await differencesOf(shared.lab, note.digests)
    if (differences.length === 0) return
    await takeDown(topology, note.id)
    throw new Error(`the lab of ${topology} is not as it was, and was replaced:\n${differences.join('\n')}`)
  }, 2 * 60_000)
  return () => {
    if (shared === undefined) throw new Error('the lab is up only while tests run')
    return shared
  }
}

const noteFile = (topology: string): string => join(notes(), `${topology}.json`)

/** The note of a lab that is up. Others may have taken it down, and runs with another cache know no kept lab. */
const noteOf = async (topology: string): Promise<Note | undefined> => {
  const text = await readFile(noteFile(topology), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const note = JSON.parse(text) as Note
  const contents = await engineContents()
  const { clusters } = await loadTopologyFile(topology)
  return clusters.every(({ name }) => contents.includes(`container ${nodeName(note.id, name)}`)) ? note : undefined
}

const bringUp = async (topology: string): Promise<Note> => {
  const engineBefore = await engineContents()
  const { exitCode, output } = await meshproof(['up', `--topology=${topology}`])
  const id = /down --run=(\S+)/.exec(output)?.[1]
  if (exitCode !== 0 || id === undefined) throw new Error(output)
  const note = { id, engineBefore, digests: await digestsOf(await labFrom(topology, id)) }
  await writeFile(noteFile(topology), JSON.stringify(note))
  return note
}

const takeDown = async (topology: string, id: string): Promise<void> => {
  await rm(noteFile(topology), { force: true })
  await meshproof(['down', `--run=${id}`])
}

/** A lab that is up, from the id of its run. @throws Error where there is none. */
export const labFrom = async (topology: string, id: string): Promise<Lab> => {
  const images = (await loadRun(id))?.images
  if (images === undefined) throw new Error(`the lab ${id} has no images`)
  return labOf(id, { ...(await loadTopologyFile(topology)), mtls: 'strict' }, images)
}

/** The flags that lead `diagnose` and `test` to a lab as to existing clusters. */
export const contextsOf = ({ runId, clusters }: Lab): string[] => [
  `--contexts=${clusters.map(({ name }) => `kind-${clusterName(runId, name)}`).join(',')}`,
  `--kubeconfig=${clusters.map(({ kubeconfig }) => kubeconfig).join(':')}`,
]

/** In what a lab is not as it was: what `diagnose` finds, and the objects that came, went or have other content. */
const differencesOf = async (lab: Lab, before: Record<string, string>): Promise<string[]> => {
  const diagnosis = await meshproof(['diagnose', ...contextsOf(lab)])
  const now = await digestsOf(lab)
  const changed = [...new Set([...Object.keys(before), ...Object.keys(now)])].filter(
    (name) => before[name] !== now[name],
  )
  return [...(diagnosis.exitCode === 0 ? [] : [diagnosis.output]), ...changed.map((name) => `changed: ${name}`)]
}

// Objects that a controller makes from others. They have other names and addresses after every restart.
const derivedKinds = /^(Pod|ReplicaSet|ControllerRevision|Endpoints|EndpointSlice|PodMetrics) /

/** Digests of the objects in the mesh’s namespaces: of their labels and content, without their status. */
const digestsOf = async ({ topology, images, clusters }: Lab): Promise<Record<string, string>> => {
  const namespaces = new RegExp(`^(\\S+ (${topology.istioNamespace}|app\\d+|meshproof\\S*) |Namespace )`)
  const inClusters = await Promise.all(
    clusters.map(async ({ name, kubeconfig }) => {
      const contents = await clusterContents(async (...args) => {
        const kubectl = execa(images.kubectl, ['--kubeconfig', kubeconfig, ...args], { maxBuffer: 1e9 })
        return (await kubectl).stdout
      })
      return Object.entries(contents)
        .filter(([object]) => namespaces.test(object) && !derivedKinds.test(object))
        .map(([object, content]) => [`${name} ${object}`, digestOf(content as KubeObject)])
    }),
  )
  return Object.fromEntries(inClusters.flat()) as Record<string, string>
}

type KubeObject = { metadata: { labels?: object } }

const digestOf = ({ metadata: { labels }, ...content }: KubeObject): string =>
  createHash('sha256')
    .update(
      JSON.stringify({ labels, ...content }, (field, value: unknown) =>
        field === 'status' || field === 'kubectl.kubernetes.io/restartedAt' ? undefined : value,
      ),
    )
    .digest('hex')

/**
 * For a file that must not run beside certain others: it waits until no other file has the same turn.
 * - `the engine`: it compares what is in the engine before and after. Labs made by hand do not matter to it.
 * - `a second lab`: it has a lab beside the one of the file whose turn at the engine it is. Three labs are too many.
 */
export const takesTurn = (at: 'the engine' | 'a second lab'): void => {
  const turn = join(notes(), at)
  const take = (): Promise<boolean> =>
    mkdir(turn).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'EEXIST') return false
        throw error
      },
    )
  beforeAll(async () => {
    while (!(await take())) await sleep(500)
  }, 30 * 60_000)
  afterAll(() => rm(turn, { recursive: true }))
}

/** Forgets what an earlier run of the suite noted. */
export const forgetLabs = async (): Promise<void> => {
  await rm(notes(), { recursive: true, force: true })
  await mkdir(notes(), { recursive: true, mode: 0o700 })
}

/**
 * Takes the labs down that files still share. Files that are alone call it first: the block that should have taken a
 * lab down may have failed, and a run of every topology leaves no room for another lab.
 */
export const takeDownLabs = async (): Promise<void> => {
  for (const file of (await readdir(notes())).filter((name) => name.endsWith('.json'))) {
    const topology = file.slice(0, -'.json'.length)
    const note = await noteOf(topology)
    if (note !== undefined) await takeDown(topology, note.id)
  }
}
