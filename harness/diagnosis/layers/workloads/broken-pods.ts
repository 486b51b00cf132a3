import type { CoreV1Event, V1Pod, V1Service } from '@kubernetes/client-node'
import type { FindingCode } from '#diagnosis/findings.ts'
import { lastWordsOf } from '#diagnosis/last-words.ts'
import { kubectl, type Finding } from '#diagnosis/layer.ts'
import { meshNamespacesOf } from '#diagnosis/mesh-namespaces.ts'
import { selects } from '#diagnosis/selects.ts'
import { troubleOf, type PodTrouble } from '#diagnosis/pod-trouble.ts'
import { isReady } from '#kube/pods.ts'
import type { SurveyedCluster } from '#probes/survey/survey.ts'

const codes: Record<PodTrouble['kind'], FindingCode> = {
  unscheduled: 'MP-964',
  image: 'MP-963',
  crash: 'MP-965',
  proxy: 'MP-966',
  unready: 'MP-962',
}

/** How many pods of a kind are shown; the rest is counted. */
const shown = 3

/**
 * The pods of a cluster’s mesh namespaces that are not ready, by what is wrong with them, in the words of their
 * status and events; those that the mesh does not miss are told apart. Pods of a Job are left out.
 */
export const brokenPods = async (cluster: SurveyedCluster): Promise<Finding[]> => {
  const [pods, namespaces, services] = await Promise.all([
    cluster.reads.pods(),
    meshNamespacesOf(cluster),
    cluster.reads.services(),
  ])
  const troubled = pods
    .filter((pod) => namespaces.has(pod.metadata?.namespace ?? '') && !isOfJob(pod) && !isOfGateway(pod, services))
    .flatMap((pod) => {
      const trouble = troubleOf(pod, Date.now())
      if (!trouble) return []
      return [{ pod, trouble, code: isMissed(pod, trouble, pods, services) ? codes[trouble.kind] : 'MP-837' }]
    })
  return Promise.all(
    [...Map.groupBy(troubled, ({ code }) => code)].map(async ([code, alike]) => {
      const lines = await Promise.all(alike.slice(0, shown).map(({ pod, trouble }) => lineOf(cluster, pod, trouble)))
      const [first] = alike
      const { namespace = '', name = '' } = first?.pod.metadata ?? {}
      const words = first ? await wordsOf(cluster, first) : []
      return {
        code,
        ...(first?.trouble.cause && code !== 'MP-837' ? { cause: first.trouble.cause } : {}),
        where: `${cluster.name} ${namespace}/${name}`,
        evidence: [...lines, ...(alike.length > shown ? [`and ${alike.length - shown} more`] : []), ...words],
        fix: kubectl(cluster, `-n ${namespace} describe pod ${name}`),
        clusters: [cluster.name],
      }
    }),
  )
}

const wordsOf = (cluster: SurveyedCluster, { pod, trouble }: { pod: V1Pod; trouble: PodTrouble }): Promise<string[]> =>
  lastWordsOf(cluster, pod, trouble.kind === 'proxy' ? 'istio-proxy' : (trouble.container ?? ''))

/**
 * Whether the mesh misses a pod: its sidecar is what is wrong, or a service has no ready pod besides it in the cluster.
 * What no service has, or where others answer, concerns its owner alone.
 */
const isMissed = (pod: V1Pod, { kind, container }: PodTrouble, pods: V1Pod[], services: V1Service[]): boolean => {
  if (kind === 'proxy' || container?.startsWith('istio-')) return true
  const namespace = pod.metadata?.namespace
  return services.some(
    (service) =>
      service.metadata?.namespace === namespace &&
      selects(service, pod.metadata?.labels) &&
      !pods.some(
        (other) =>
          other.metadata?.namespace === namespace && isReady(other) && selects(service, other.metadata?.labels),
      ),
  )
}

const isOfJob = ({ metadata }: V1Pod): boolean => metadata?.ownerReferences?.some(({ kind }) => kind === 'Job') ?? false

/** Pods behind the port between networks are judged with the gateways. */
const isOfGateway = ({ metadata }: V1Pod, services: V1Service[]): boolean =>
  services.some(
    (service) =>
      service.metadata?.namespace === metadata?.namespace &&
      service.spec?.ports?.some(({ port }) => port === 15443) &&
      selects(service, metadata?.labels),
  )

const lineOf = async ({ reads }: SurveyedCluster, { metadata }: V1Pod, { said }: PodTrouble): Promise<string> => {
  const { namespace = '', name = '' } = metadata ?? {}
  const events = await reads.events(namespace).catch((): CoreV1Event[] => [])
  const warning = events.findLast(({ involvedObject, type }) => involvedObject.name === name && type === 'Warning')
  const last = warning ? `; last event ${warning.reason ?? ''}: ${(warning.message ?? '').slice(0, 200)}` : ''
  return `${namespace}/${name}: ${said}${last}`
}
