import type { Ref } from '#kube/client.ts'
import { selectorOf } from '#kube/roll-out.ts'
import type { Lab, LabCluster } from '#lab/lab.ts'
import { writeGatewayAddresses } from './mesh-networks.ts'
import { serviceAddress } from './service-address.ts'

/** The port at which a network takes requests of others, unless its gateway says otherwise. */
export const crossNetworkPort = 15443

/** The name of an east-west gateway’s deployment and service. */
export const gatewayName = 'istio-eastwestgateway'

/** The label of an east-west gateway’s pods, by which resources of Istio select them. */
export const gatewayLabel = { istio: 'eastwestgateway' }

/** The selector of an east-west gateway’s pods. */
export const gatewaySelector = selectorOf(gatewayLabel)

/** The service of a cluster's east-west gateway. */
export const gatewayService = ({
  istioNamespace,
}: Pick<LabCluster, 'istioNamespace'>): Ref & { namespace: string } => ({
  apiVersion: 'v1',
  kind: 'Service',
  name: gatewayName,
  namespace: istioNamespace,
})

/**
 * The address that the load balancer gave a cluster's gateway, once it has one.
 * @throws MeshproofError MP-401 after 60 s.
 */
export const gatewayAddress = (cluster: LabCluster, signal?: AbortSignal): Promise<string> =>
  serviceAddress(cluster, 'gateway', gatewayService(cluster), signal)

/**
 * Where remote clusters find a control plane that is exposed through the primary’s gateway.
 * @throws MeshproofError MP-401 after 60 s without an address.
 */
export const primaryGatewayAddress = ({ primary }: Lab, signal?: AbortSignal): Promise<string> =>
  gatewayAddress(primary, signal)

/**
 * Writes the gateways’ present addresses into `meshNetworks`, one for each network (seed 000).
 * @throws MeshproofError MP-401 after 60 s where a gateway has none.
 */
export const writeOwnAddresses = async ({ clusters, primary }: Lab, signal: AbortSignal): Promise<void> => {
  const addresses = await Promise.all(
    clusters.map(async (cluster) => [cluster.network, await gatewayAddress(cluster, signal)] as const),
  )
  await writeGatewayAddresses(primary, Object.fromEntries(addresses))
}
