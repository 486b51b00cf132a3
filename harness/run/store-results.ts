import { basename } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { KubeClient, Manifest } from '#kube/client.ts'
import { metrics } from '#report/metrics.ts'
import { summaryOf } from '#report/topology-summary.ts'
import { runVerdict } from '#report/words.ts'
import { configMapIn, configMapOf, type Job, type MapContent, type MapPlace, ownConfigMap } from './own-config-map.ts'
import type { Run } from '#results/results.ts'

/** Keeps the results of a run. */
export type Store = (run: Run) => Promise<void>

/**
 * The store that `--results` names, in the pod’s own cluster.
 * @throws MeshproofError MP-172 and MP-173 as ownConfigMap does.
 */
export const ownStore = async (place: string): Promise<Store> => {
  const write = await ownConfigMap(place)
  return (run) => write(contentOf(run))
}

/**
 * A store that keeps results in a ConfigMap. A retry overwrites it.
 * @throws MeshproofError MP-173 when the account may not write the ConfigMap.
 */
export const storeIn = async (kube: KubeClient, place: MapPlace, job: Job | undefined): Promise<Store> => {
  const write = await configMapIn(kube, place, job)
  return (run) => write(contentOf(run))
}

/**
 * The results of a run as a ConfigMap: verdict, exit code, summary and metrics as text, and `results.json`
 * compressed. `folder` is the name of a report folder made from it. Kubernetes deletes it with its Job.
 * @throws MeshproofError MP-174 when it would be larger than a ConfigMap may be.
 */
export const resultMap = (place: MapPlace, run: Run, job: Job | undefined): Manifest =>
  configMapOf(place, contentOf(run), job)

const contentOf = ({ results, folder }: Run): MapContent => ({
  component: 'results',
  data: {
    verdict: runVerdict(results),
    exitCode: String(results.run.exitCode),
    run: results.run.id,
    folder: basename(folder),
    summary: [
      ...results.topologies.flatMap(summaryOf),
      ...(results.run.error ? [`${results.run.error.code}  ${results.run.error.message}`] : []),
    ].join('\n'),
    'metrics.prom': metrics(results),
  },
  binaryData: { 'results.json.gz': gzipSync(JSON.stringify(results)) },
})
