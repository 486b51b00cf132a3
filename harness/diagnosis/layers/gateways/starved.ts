import type { V1Pod } from '@kubernetes/client-node'
import { kubectl, type Finding } from '#diagnosis/layer.ts'
import type { GatewayService } from '#diagnosis/network-gateways.ts'
import { gatewayPlace } from '#diagnosis/places.ts'
import { selects } from '#diagnosis/selects.ts'
import { proxyOf } from '#istio/proxy-container.ts'
import { isReady } from '#kube/pods.ts'
import { measurePace, paceLimit } from '#probes/pace.ts'
import type { SurveyedCluster } from '#probes/survey/survey.ts'

/** From this limit on, in processors, a gateway has time enough to pass on what checks send. */
const plenty = 0.5

/**
 * A gateway whose limit leaves its proxy so little processor time that a command which does nothing is late in it. It
 * is late in a pod without such a limit as well where the whole machine is slow, which says nothing.
 */
export const starved = async (
  gateway: GatewayService,
  measure: typeof measurePace = measurePace,
): Promise<Finding | undefined> => {
  const { cluster, service } = gateway
  const { namespace = '' } = service.metadata ?? {}
  const pods = (await cluster.reads.podsIn(namespace)).filter(
    (pod) => isReady(pod) && selects(service, pod.metadata?.labels) && limitOf(pod) < plenty,
  )
  const paces = await Promise.all(pods.map(async (pod) => ({ pod, seconds: await paceIn(cluster, pod, measure) })))
  const [slowest] = paces.toSorted((first, second) => second.seconds - first.seconds)
  if (!slowest || slowest.seconds < paceLimit) return undefined
  const elsewhere = (await cluster.reads.proxies()).find((pod) => isReady(pod) && limitOf(pod) >= plenty)
  if (!elsewhere) return undefined
  const usual = await paceIn(cluster, elsewhere, measure)
  if (usual >= paceLimit) return undefined
  const name = slowest.pod.metadata?.name ?? ''
  return {
    code: 'MP-890',
    where: gatewayPlace(gateway),
    evidence: [
      `the limit of its pod ${name} is ${limitOf(slowest.pod)} of a processor`,
      `a command that does nothing took ${slowest.seconds.toFixed(1)} s in it, and ${usual.toFixed(1)} s in ` +
        `${elsewhere.metadata?.namespace ?? ''}/${elsewhere.metadata?.name ?? ''}`,
    ],
    fix: kubectl(cluster, `-n ${namespace} get pod ${name} -o jsonpath='{.spec.containers[*].resources}'`),
    clusters: [cluster.name],
  }
}

/** How many processors a pod’s proxy may use. The API server writes parts of one in thousandths: 100m. */
const limitOf = (pod: V1Pod): number => {
  const limit = proxyOf(pod)?.resources?.limits?.['cpu']
  if (limit === undefined) return Infinity
  return limit.endsWith('m') ? Number(limit.slice(0, -1)) / 1000 : Number(limit)
}

/** The seconds that a command which does nothing takes in a pod’s proxy; 0 where it cannot be run. */
const paceIn = async ({ kube }: SurveyedCluster, pod: V1Pod, measure: typeof measurePace): Promise<number> => {
  const { namespace = '', name = '' } = pod.metadata ?? {}
  const container = { namespace, pod: name, container: proxyOf(pod)?.name ?? '' }
  return (await measure(kube, container, ['pilot-agent', 'version'])) ?? 0
}
