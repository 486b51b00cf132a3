import { hostname } from 'node:os'
import { MeshproofError } from '#errors.ts'
import { clientOf, type KubeClient, type Manifest } from '#kube/client.ts'
import { inClusterContext, requirePodAccount } from '#kube/own-account.ts'
import { missingPermissions } from '#kube/permissions.ts'

/** The ConfigMap that results are written to. */
export type MapPlace = { namespace: string; name: string }

/** The Job that a pod belongs to. The pod reads it from its own labels (fixtures/chart). */
export type Job = { name: string; uid: string }

/** What a ConfigMap holds. `component` is what wrote it. */
export type MapContent = { component: string; data: Record<string, string>; binaryData?: Record<string, Buffer> }

/** Writes the ConfigMap, in the place of what it held. */
export type WriteMap = (content: MapContent) => Promise<void>

/**
 * The ConfigMap that `--results` names, in the pod’s own cluster: `configmap:NAMESPACE/NAME`. The default name is the
 * pod’s host name. In an Indexed Job that is the Job’s name with the index, for every attempt.
 * @throws MeshproofError MP-172 outside of a pod with an account, and as `configMapIn` does.
 */
export const ownConfigMap = async (place: string, environment = process.env): Promise<WriteMap> => {
  const [namespace = '', name = hostname()] = place.replace('configmap:', '').split('/')
  return configMapIn(clientOf(inClusterContext, requirePodAccount()), { namespace, name }, jobOf(environment))
}

/**
 * A ConfigMap to write to. The permission is checked first, so that a run whose results cannot be kept does not start.
 * @throws MeshproofError MP-173 when the account may not write the ConfigMap.
 */
export const configMapIn = async (kube: KubeClient, place: MapPlace, job: Job | undefined): Promise<WriteMap> => {
  // An apply that creates needs the right to create this name. A role may grant it for one name.
  const lacking = await missingPermissions(
    kube,
    (['create', 'patch'] as const).map((verb) => ({ verb, resource: 'configmaps', ...place })),
  )
  if (lacking.length > 0) {
    throw new MeshproofError('MP-173', {
      what: 'The results could not be kept: their ConfigMap may not be written',
      where: `${place.namespace}/${place.name}`,
      why: `you may not ${lacking.join(', ')}`,
      next: 'Install the chart in fixtures/chart, which allows it, or leave out --results.',
    })
  }
  return (content) => kube.apply([configMapOf(place, content, job)])
}

const jobOf = ({ JOB_NAME: name, JOB_UID: uid }: NodeJS.ProcessEnv): Job | undefined =>
  name && uid ? { name, uid } : undefined

/** Bytes that a ConfigMap may hold (kubernetes.io, “ConfigMaps”). */
const mostBytes = 1_048_576

/**
 * A ConfigMap of results. Kubernetes deletes it with its Job.
 * @throws MeshproofError MP-174 when it would be larger than a ConfigMap may be.
 */
export const configMapOf = (
  { namespace, name }: MapPlace,
  { component, data, binaryData = {} }: MapContent,
  job: Job | undefined,
): Manifest => {
  const bytes = [...Object.values(data), ...Object.values(binaryData)].reduce(
    (sum, content) => sum + Buffer.byteLength(content),
    0,
  )
  if (bytes > mostBytes) {
    throw new MeshproofError('MP-174', {
      what: 'The results are too large for a ConfigMap',
      where: `${namespace}/${name}`,
      why: `${bytes} bytes; ${mostBytes} are possible`,
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
        'app.kubernetes.io/component': component,
        ...(job ? { 'batch.kubernetes.io/job-name': job.name } : {}),
      },
      ...(job ? { ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', ...job }] } : {}),
    },
    data,
    binaryData: Object.fromEntries(
      Object.entries(binaryData).map(([key, bytesOf]) => [key, bytesOf.toString('base64')]),
    ),
  }
}
