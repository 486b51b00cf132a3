import { hostname } from 'node:os'
import { basename } from 'node:path'
import { gzipSync } from 'node:zlib'
import { MeshproofError } from '#errors.ts'
import { clientOf, type KubeClient, type Manifest } from '#kube/client.ts'
import { inClusterContext, requirePodAccount } from '#kube/own-account.ts'
import { missingPermissions } from '#kube/permissions.ts'
import { metrics } from '#report/metrics.ts'
import { summaryOf } from '#report/terminal.ts'
import { runVerdict } from '#report/words.ts'
import type { Run } from './with-reports.ts'

/** Keeps the results of a run. */
export type Store = (run: Run) => Promise<void>

/**
 * The store that `--results` names, in the pod’s own cluster: `configmap:NAMESPACE/NAME`. The default name is the
 * pod’s host name. In a Job that is the Job’s name, with its index in an indexed Job, for every attempt.
 * @throws MeshproofError MP-172 outside of a pod with an account, and as `storeIn` does.
 */
export const ownStore = (place: string, environment: NodeJS.ProcessEnv = process.env): Promise<Store> => {
  const [namespace = '', name = hostname()] = place.replace('configmap:', '').split('/')
  return storeIn(clientOf(inClusterContext, requirePodAccount()), { namespace, name }, jobOf(environment))
}

/**
 * A store that keeps results in a ConfigMap. A retry overwrites it. The permission is checked first, so that a run
 * whose results cannot be kept does not start.
 * @throws MeshproofError MP-173 when the account may not write the ConfigMap.
 */
export const storeIn = async (
  kube: KubeClient,
  { namespace, name }: MapPlace,
  job: Job | undefined,
): Promise<Store> => {
  const lacking = await missingPermissions(
    kube,
    (['create', 'patch'] as const).map((verb) => ({ verb, resource: 'configmaps', namespace })),
  )
  if (lacking.length > 0) {
    throw new MeshproofError('MP-173', {
      what: 'The results could not be kept: their ConfigMap may not be written',
      where: `${namespace}/${name}`,
      why: `you may not ${lacking.join(', ')}`,
      next: 'Apply fixtures/manifests/suites-rbac.yaml, which allows it, or leave out --results.',
    })
  }
  return (run) => kube.apply([resultMap({ namespace, name }, run, job)])
}

const jobOf = ({ JOB_NAME: name, JOB_UID: uid }: NodeJS.ProcessEnv): Job | undefined =>
  name && uid ? { name, uid } : undefined

/** The ConfigMap that results are written to. */
export type MapPlace = { namespace: string; name: string }

/** The Job that a pod belongs to. The pod reads it from its own labels (fixtures/manifests). */
export type Job = { name: string; uid: string }

/** Bytes that a ConfigMap may hold (kubernetes.io, “ConfigMaps”). */
const mostBytes = 1_048_576

/**
 * The results of a run as a ConfigMap: verdict, exit code, summary and metrics as text, and `results.json`
 * compressed. `folder` is the name of a report folder made from it. Kubernetes deletes it with its Job.
 * @throws MeshproofError MP-174 when it would be larger than a ConfigMap may be.
 */
export const resultMap = ({ namespace, name }: MapPlace, { results, folder }: Run, job: Job | undefined): Manifest => {
  const data = {
    verdict: runVerdict(results),
    exitCode: String(results.run.exitCode),
    run: results.run.id,
    folder: basename(folder),
    summary: [
      ...results.topologies.flatMap(summaryOf),
      ...(results.run.error ? [`${results.run.error.code}  ${results.run.error.message}`] : []),
    ].join('\n'),
    'metrics.prom': metrics(results),
  }
  const compressed = gzipSync(JSON.stringify(results))
  const bytes = Object.values(data).reduce((sum, text) => sum + Buffer.byteLength(text), compressed.length)
  if (bytes > mostBytes) {
    throw new MeshproofError('MP-174', {
      what: 'The results are too large for a ConfigMap',
      where: `${namespace}/${name}`,
      why: `${bytes} bytes compressed; ${mostBytes} are possible`,
      next: 'Write the reports to a volume: mount one and name it with --report-dir.',
    })
  }
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name,
      namespace,
      labels: {
        'app.kubernetes.io/name': 'meshproof',
        'app.kubernetes.io/component': 'results',
        ...(job ? { 'batch.kubernetes.io/job-name': job.name } : {}),
      },
      ...(job ? { ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', ...job }] } : {}),
    },
    data,
    binaryData: { 'results.json.gz': compressed.toString('base64') },
  }
}
