import type { V1Namespace } from '@kubernetes/client-node'
import { ownNamespaces } from '#checks/existing-target.ts'
import { ownerLabel, runLabel } from '#engine/labels.ts'
import { ownerLives } from '#engine/owner.ts'
import { MeshproofError } from '#errors.ts'
import { namespaceOf } from '#istio/workloads.ts'
import type { KubeClient } from '#kube/client.ts'
import { until } from '#kube/until.ts'
import { shellWord } from '#results/text.ts'

type At = { context: string; kube: KubeClient }

const listed = (kube: KubeClient, selector?: string): Promise<V1Namespace[]> =>
  kube.list<V1Namespace>({ apiVersion: 'v1', kind: 'Namespace', ...(selector ? { selector } : {}) })

/**
 * Makes the namespaces of a run: `injection` labels the one that gets sidecars. Their owner is an annotation, since a
 * label's value may hold no slash.
 * @throws MeshproofError MP-402 when they cannot be made.
 */
export const createNamespaces = async (
  { kube }: At,
  runId: string,
  owner: string,
  injection: Record<string, string>,
): Promise<void> => {
  await kube.create(namespaceOf(ownNamespaces.mesh, { ...injection, [runLabel]: runId }, { [ownerLabel]: owner }))
  await kube.create(namespaceOf(ownNamespaces.outside, { [runLabel]: runId }, { [ownerLabel]: owner }))
}

/**
 * Removes a run's namespaces with all that is in them, and waits until they are gone. @throws MeshproofError MP-146
 * after two minutes.
 */
export const removeNamespaces = async ({ context, kube }: At, runId: string): Promise<void> => {
  const ofRun = (): Promise<V1Namespace[]> => listed(kube, `${runLabel}=${runId}`)
  for (const { metadata } of await ofRun())
    await kube.remove({ apiVersion: 'v1', kind: 'Namespace', name: metadata?.name ?? '' })
  await until('', async () => (await ofRun()).length === 0, { every: 300, within: 120_000 }).catch((cause: unknown) => {
    throw new MeshproofError('MP-146', {
      what: 'The namespaces of this run are still there',
      where: `context ${context}, ${ownNamespaces.mesh} and ${ownNamespaces.outside}`,
      next:
        `kubectl --context=${shellWord(context)} get namespace ${ownNamespaces.mesh} -o yaml shows what they ` +
        'wait for; ' +
        'the next run on these clusters removes them.',
      cause,
    })
  })
}

/** A run that something is left of in a cluster. */
type Remains = { run: string; owner: string; namespace: string; alive: boolean }

/** What runs have left in a cluster, told by our label; the owner of a namespace that names none may still be there. */
const remainsIn = async ({ kube }: At): Promise<Remains[]> =>
  Promise.all(
    (await listed(kube, runLabel)).map(async ({ metadata }) => {
      const owner = metadata?.annotations?.[ownerLabel] ?? ''
      return {
        run: metadata?.labels?.[runLabel] ?? '',
        owner,
        namespace: metadata?.name ?? '',
        alive: owner === '' || (await ownerLives(owner)),
      }
    }),
  )

/**
 * Removes what killed runs have left in a cluster, and returns their ids.
 * @throws MeshproofError MP-140 when a namespace of our name is not ours, MP-144 when the run that it belongs to may
 * still be going.
 */
export const clearNamespaces = async (at: At): Promise<string[]> => {
  const remains = await remainsIn(at)
  const names: string[] = Object.values(ownNamespaces)
  const foreign = (await listed(at.kube)).find(
    ({ metadata }) => names.includes(metadata?.name ?? '') && metadata?.labels?.[runLabel] === undefined,
  )
  if (foreign) {
    throw new MeshproofError('MP-140', {
      what: `A namespace is called ${foreign.metadata?.name ?? ''}, and is not ours`,
      where: `context ${at.context}`,
      why: `it lacks the label ${runLabel}`,
      next: 'Rename or remove it: meshproof works in namespaces that it makes itself, and touches no others.',
    })
  }
  const busy = remains.find(({ alive }) => alive)
  if (busy) {
    throw new MeshproofError('MP-144', {
      what: 'Another run is at work in this cluster',
      where: `context ${at.context}, namespace ${busy.namespace}`,
      why: `run ${busy.run} of ${busy.owner || 'nobody known'}`,
      next: `Wait for it. If it is gone, meshproof down --all --run=${busy.run} --contexts=… removes what it left.`,
    })
  }
  return removeRuns(at, remains)
}

/**
 * Removes what runs have left in existing clusters: runs that have ended; with `all` those that may still be going,
 * too; with `run` that one alone.
 * @throws MeshproofError MP-146 when something stays.
 */
export const downIn = async (
  clusters: At[],
  { all, run }: { all: boolean; run: string | undefined },
  say: (line: string) => void,
): Promise<number> => {
  const removed = await Promise.all(
    clusters.map(async (at) => {
      const ids = await removeRuns(
        at,
        (await remainsIn(at)).filter(
          (remains) => (run === undefined || remains.run === run) && (all || !remains.alive),
        ),
      )
      for (const id of ids) say(`Removed what is left of run ${id} in ${at.context}.`)
      return ids
    }),
  )
  if (removed.flat().length === 0)
    say('Nothing of ours is left there, except of runs in progress (--all deletes that too).')
  return 0
}

const removeRuns = async (at: At, remains: Remains[]): Promise<string[]> => {
  const ids = [...new Set(remains.map(({ run }) => run))]
  for (const id of ids) await removeNamespaces(at, id)
  return ids
}
