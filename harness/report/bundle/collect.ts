import { setTimeout as sleep } from 'node:timers/promises'
import type { V1Pod, V1Secret } from '@kubernetes/client-node'
import pMap from 'p-map'
import { reasonOf } from '#errors.ts'
import type { KubeClient } from '#kube/client.ts'
import type { Lab } from '#lab/lab.ts'
import { bundleFolder } from './folder.ts'
import { controlPlanePieces, logPieces, proxyPieces } from './pods.ts'
import { nodePieces } from './node.ts'
import { addedKinds, objectPieces } from './objects.ts'
import { patience, type Piece, type Source } from './piece.ts'
import { secretValues } from './secrets.ts'

/** Milliseconds for a whole bundle. */
const enough = 40_000

/** How many questions a cluster gets at a time. It may share its machine with others. */
const atATime = 4

/**
 * What a bundle is collected from: clusters, of existing clusters only some namespaces, and what can be read of their
 * nodes.
 */
export type BundleSource = {
  clusters: { name: string; readonly kube: KubeClient }[]
  namespaces?: string[]
  nodes: (cluster: string, signal: AbortSignal) => Piece[]
}

/** A lab as the source of a bundle, with all of its namespaces and its nodes. */
export const labSource = ({ runId, clusters }: Lab): BundleSource => ({
  clusters,
  nodes: (cluster, signal) => nodePieces(runId, cluster, signal),
})

/**
 * Collects evidence of why a mesh is broken into a folder of at most `bytes`. `story` stands at the top of its index.
 * What cannot be read within 40 s, or before the signal fires, is listed with its reason. Returns false where nothing
 * at all could be read.
 */
export const collectBundle = async (
  { clusters, namespaces, nodes }: BundleSource,
  { folder, bytes, story }: { folder: string; bytes: number; story: string[] },
  signal: AbortSignal,
): Promise<boolean> => {
  const over = new AbortController()
  const clock = setTimeout(() => {
    over.abort(new Error(`${enough / 1000} s were over`))
  }, enough)
  const stop = AbortSignal.any([signal, over.signal])
  try {
    const surveys = await Promise.all(clusters.map((cluster) => survey(cluster, namespaces, stop)))
    // The secrets of all clusters count: a remote secret holds the token of another cluster.
    const bundle = bundleFolder(folder, bytes, secretValues(surveys.flatMap(({ secrets }) => secrets)))
    await Promise.all(
      surveys.map(async ({ cluster, pieces, silent }) => {
        if (silent !== undefined) bundle.missing(cluster, silent)
        await pMap(
          [...nodes(cluster, stop), ...pieces],
          async ({ file, read }) => {
            const text = await bounded(read, stop).catch((error: unknown) => {
              bundle.missing(`${cluster}/${file}`, reasonOf(error))
            })
            if (text !== undefined) await bundle.write(`${cluster}/${file}`, text)
          },
          { concurrency: atATime },
        )
      }),
    )
    return await bundle.close(story)
  } finally {
    clearTimeout(clock)
  }
}

/** What a cluster can be asked for, or why its API server cannot be asked at all. */
type Survey = { cluster: string; secrets: V1Secret[]; pieces: Piece[]; silent?: string }

const survey = async (
  cluster: BundleSource['clusters'][number],
  namespaces: string[] | undefined,
  stop: AbortSignal,
): Promise<Survey> => {
  const { name } = cluster
  try {
    // A lab that did not come up may lack the kubeconfig that this reads.
    const { kube } = cluster
    const list: Source['list'] = async (kind) => {
      if (namespaces === undefined || !kind.namespaced) return kube.list(kind)
      return (await Promise.all(namespaces.map((namespace) => kube.list<never>({ ...kind, namespace })))).flat()
    }
    const [secrets, pods, added] = await bounded(
      async () =>
        Promise.all([
          list<V1Secret>({ apiVersion: 'v1', kind: 'Secret', namespaced: true }),
          list<V1Pod>({ apiVersion: 'v1', kind: 'Pod', namespaced: true }),
          addedKinds(kube),
        ]),
      stop,
    )
    const source = { kube, pods, list }
    return {
      cluster: name,
      secrets,
      pieces: [
        ...objectPieces(source, secrets, added),
        ...controlPlanePieces(source),
        ...proxyPieces(source),
        ...logPieces(source),
      ],
    }
  } catch (error) {
    return { cluster: name, secrets: [], pieces: [], silent: reasonOf(error) }
  }
}

/** An answer that comes in time. @throws whatever it throws, or why it was not waited for. */
const bounded = async <T>(ask: () => Promise<T>, stop: AbortSignal): Promise<T> => {
  stop.throwIfAborted()
  const answered = new AbortController()
  const late = sleep(patience, undefined, { signal: AbortSignal.any([stop, answered.signal]) }).then(
    () => {
      throw new Error(`no answer within ${patience / 1000} s`)
    },
    () => {
      throw stop.reason
    },
  )
  try {
    return await Promise.race([ask(), late])
  } finally {
    answered.abort()
  }
}
