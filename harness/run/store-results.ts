import { basename } from 'node:path'
import { gzipSync } from 'node:zlib'
import { metrics } from '#report/metrics.ts'
import { summaryOf } from '#report/topology-summary.ts'
import { runVerdict } from '#report/words.ts'
import { type MapContent, ownConfigMap } from './own-config-map.ts'
import type { Run } from '#results/results.ts'

/** Keeps the results of a run. */
export type Store = (run: Run) => Promise<void>

/**
 * The store that `--results` names: a ConfigMap in the pod’s own cluster. A retry overwrites it.
 * @throws MeshproofError MP-172 and MP-173 as ownConfigMap does. The store throws MP-174 where results are too large.
 */
export const ownStore = async (place: string): Promise<Store> => {
  const write = await ownConfigMap(place)
  return (run) => write(resultContent(run))
}

/**
 * The results of a run for a ConfigMap: verdict, exit code, summary and metrics as text, and `results.json` compressed.
 * `folder` is the name of a report folder made from it.
 */
export const resultContent = ({ results, folder }: Run): MapContent => ({
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
