import type { V1NetworkPolicy, V1Pod } from '@kubernetes/client-node'
import { forOthers, gatewayServersAt, gatewaysOfOthers, isFor, unreadGateways } from '#diagnosis/gateway-objects.ts'
import type { GatewayService } from '#diagnosis/network-gateways.ts'
import { opensPort, policiesOf, portNumber } from '#diagnosis/network-policy.ts'
import { selects } from '#diagnosis/selects.ts'
import type { SurveyedCluster } from '#probes/survey/survey.ts'
import { behindAddress } from './behind-address.ts'

/**
 * What Kubernetes says that may close a port of a gateway’s service, in lines: sources that it is limited to, and
 * NetworkPolicies that select its pods and do not open the port.
 */
export const limitsOf = async (
  { cluster, service }: Pick<GatewayService, 'cluster' | 'service'>,
  port: number,
): Promise<string[]> => {
  const { namespace = '', name = '' } = service.metadata ?? {}
  const ranges = service.spec?.loadBalancerSourceRanges ?? []
  const pods = (await cluster.reads.podsIn(namespace)).filter(({ metadata }) => selects(service, metadata?.labels))
  const target = service.spec?.ports?.find((candidate) => candidate.port === port)?.targetPort ?? port
  const policies = await Promise.all(pods.map((pod) => closingPolicies(cluster, pod, target)))
  return [
    ...(ranges.length > 0
      ? [`service ${namespace}/${name} lets ${ranges.join(', ')} in alone (loadBalancerSourceRanges)`]
      : []),
    ...[...new Set(policies.flat())].map(
      ({ metadata }) =>
        `NetworkPolicy ${namespace}/${metadata?.name ?? ''} of ${cluster.name} selects its pods and does not open ` +
        String(port),
    ),
  ]
}

/** NetworkPolicies that select a pod and let nobody in at its port; none where the pod has no port of that name. */
const closingPolicies = async (
  cluster: SurveyedCluster,
  pod: V1Pod,
  port: number | string,
): Promise<V1NetworkPolicy[]> => {
  const number = portNumber(pod, port)
  if (number === undefined) return []
  return (await policiesOf('Ingress', cluster, pod)).filter((policy) => !opensPort(policy, pod, number))
}

/** Why istiod’s port may be closed at an address of a gateway: what is missing in front of istiod, in lines. */
export const whyIstiodClosed = async (serving: SurveyedCluster, address: string, port: number): Promise<string[]> => {
  const found = await behindAddress(serving, address)
  if (!found) return []
  const { service, pods, gateways } = found
  const { namespace = '', name = '' } = service.metadata ?? {}
  const place = `service ${namespace}/${name} of ${serving.name}`
  if (!service.spec?.ports?.some((candidate) => candidate.port === port))
    return [`${address} belongs to ${place}, which has no port ${port}`]
  const limits = await limitsOf({ cluster: serving, service }, port)
  if (gateways.length === 0) return limits
  const servers = await gatewayServersAt(serving, port)
  const own = servers.filter((server) => pods.some((pod) => isFor(server, pod, [service])))
  if (own.length > 0) return limits
  const others = servers.map((server) => forOthers(server, 'which none of its pods has'))
  const ofOthers = await gatewaysOfOthers(serving, port)
  const unread = await unreadGateways(serving)
  const words =
    unread === undefined
      ? [`${address} belongs to ${place}, and no Gateway opens port ${port} of its pods`]
      : [`${address} belongs to ${place}, and no Gateway that could be read opens port ${port} of its pods`, unread]
  return [...limits, ...words, ...ofOthers, ...others]
}
