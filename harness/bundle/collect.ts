import { setTimeout as sleep } from 'node:timers/promises'
import type { V1Pod, V1Secret } from '@kubernetes/client-node'
import pMap from 'p-map'
import { reasonOf } from '../errors.ts'
import type { Lab, LabCluster } from '../lab/lab.ts'
import { bundleFolder } from './folder.ts'
import { controlPlanePieces, logPieces, proxyPieces } from './pods.ts'
import { nodePieces } from './node.ts'
import { addedKinds, objectPieces } from './objects.ts'
import { patience, type Piece } from './piece.ts'
import { secretValues } from './secrets.ts'

/** Milliseconds for a whole bundle. */
const enough = 40_000

/** Questions that a cluster is asked at a time: it shares its machine. */
const atATime = 4

/**
 * Collects what somebody needs who asks why a lab is broken, into a folder of `bytes` at most; `story` stands at the top of its index.
 * What is not to be had within 40 s, or when the signal fires, is listed with its reason. False where nothing at all was to be had.
 */
export const collectBundle = async (lab: Lab, { folder, bytes, story }: { folder: string; bytes: number; story: string[] }, signal: AbortSignal): Promise<boolean> => {
  const over = new AbortController()
  const clock = setTimeout(() => { over.abort(new Error(`${enough / 1000} s were over`)) }, enough)
  const stop = AbortSignal.any([signal, over.signal])
  try {
    const surveys = await Promise.all(lab.clusters.map((cluster) => survey(cluster, stop)))
    // Of all clusters, since one’s tokens are the other’s secrets.
    const bundle = bundleFolder(folder, bytes, secretValues(surveys.flatMap(({ secrets }) => secrets)))
    await Promise.all(surveys.map(async ({ cluster, pieces, silent }) => {
      if (silent !== undefined) bundle.missing(cluster, silent)
      await pMap([...nodePieces(lab.runId, cluster, stop), ...pieces], async ({ file, read }) => {
        const text = await bounded(read, stop).catch((error: unknown) => { bundle.missing(`${cluster}/${file}`, reasonOf(error)) })
        if (text !== undefined) await bundle.write(`${cluster}/${file}`, text)
      }, { concurrency: atATime })
    }))
    return await bundle.close(story)
  } finally {
    clearTimeout(clock)
  }
}

/** What a cluster can be asked for, or why its API server cannot be asked at all. */
type Survey = { cluster: string; secrets: V1Secret[]; pieces: Piece[]; silent?: string }

const survey = async (cluster: LabCluster, stop: AbortSignal): Promise<Survey> => {
  try {
    const [secrets, pods, added] = await bounded(async () => Promise.all([
      cluster.kube.list<V1Secret>({ apiVersion: 'v1', kind: 'Secret' }), cluster.kube.list<V1Pod>({ apiVersion: 'v1', kind: 'Pod' }), addedKinds(cluster.kube),
    ]), stop)
    const source = { kube: cluster.kube, pods }
    return { cluster: cluster.name, secrets, pieces: [...objectPieces(source, secrets, added), ...controlPlanePieces(source), ...proxyPieces(source), ...logPieces(source)] }
  } catch (error) {
    return { cluster: cluster.name, secrets: [], pieces: [], silent: reasonOf(error) }
  }
}

/** An answer that comes in time. @throws whatever it throws, or why it was not waited for. */
const bounded = async <T>(ask: () => Promise<T>, stop: AbortSignal): Promise<T> => {
  stop.throwIfAborted()
  const answered = new AbortController()
  const late = sleep(patience, undefined, { signal: AbortSignal.any([stop, answered.signal]) })
    .then(() => { throw new Error(`no answer within ${patience / 1000} s`) }, () => { throw stop.reason })
  try {
    return await Promise.race([ask(), late])
  } finally {
    answered.abort()
  }
}
