import type { Finding } from '#diagnosis/layer.ts'
import type { GatewayService } from '#diagnosis/network-gateways.ts'
import { gatewayPlace } from '#diagnosis/places.ts'
import { selects } from '#diagnosis/selects.ts'
import { proxiesOf, resourcesOf, starvedOf } from '#diagnosis/starved.ts'
import type { measurePace } from '#probes/pace.ts'

/** A gateway that its limit leaves too little processor time. */
export const starvedGateway = async (
  gateway: GatewayService,
  measure?: typeof measurePace,
): Promise<Finding | undefined> => {
  const { cluster, service } = gateway
  const { namespace = '' } = service.metadata ?? {}
  const pods = (await cluster.reads.podsIn(namespace)).filter((pod) => selects(service, pod.metadata?.labels))
  const starved = await starvedOf(cluster, pods, proxiesOf(cluster), measure)
  if (!starved) return undefined
  return {
    code: 'MP-890',
    where: gatewayPlace(gateway),
    evidence: starved.evidence,
    fix: resourcesOf(cluster, starved.pod),
    clusters: [cluster.name],
  }
}
