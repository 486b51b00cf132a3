import { exposedByGateway } from '#istio/exposure.ts'
import { primaryGatewayAddress, writeOwnAddresses } from '#istio/gateway.ts'
import { gatewayAddressesSoFar, meshNetworksOf } from '#istio/mesh-networks.ts'
import { clustersByRole, step, type Procedure } from '#istio/procedure.ts'
import {
  controlPlane,
  earlyGatewayAddress,
  exposed,
  gateway as eastWestGateway,
  gatewayApi,
  mutualTls,
  named,
  remoteProfile,
  remoteSecret,
  servicesExposed,
  trust,
  workloads,
} from '#istio/shared-steps.ts'

/**
 * Single control plane, networks joined by gateways: split-horizon EDS from explicit `meshNetworks` (seed 000). The
 * first installation has a placeholder in place of a gateway’s address, and the last step replaces it, as the seed
 * does. A later installation has the present address. Every network is configured, so that clients of all clusters
 * reach all versions. The seed configures only the second network, and tests from cluster 1.
 */
export const gateway: Procedure = {
  name: 'gateway',
  loadBalancers: (topology) => clustersByRole(topology).all,
  exposure: exposedByGateway,
  discoveryAddress: primaryGatewayAddress,
  steps: (topology) => {
    const { all, primary, remotes } = clustersByRole(topology)
    return [
      ...all.map((cluster) => trust(cluster, topology)),
      ...gatewayApi(topology),
      earlyGatewayAddress(primary, topology),
      controlPlane(primary, topology, async ({ clusters, primary: place }) => ({
        externalIstiod: true,
        meshNetworks: meshNetworksOf(clusters, await gatewayAddressesSoFar(place)),
      })),
      ...servicesExposed(primary, topology, undefined, `${primary}: cross-network Gateway resource`),
      exposed(primary, exposedByGateway),
      ...mutualTls(topology, () => [named.controlPlane(primary)]),
      eastWestGateway(primary, topology, [named.controlPlane(primary)], { labelled: false, istiod: true }),

      ...remotes.flatMap((remote) => [
        remoteProfile(remote, primaryGatewayAddress, [named.gatewayAddress(primary), named.trust(remote, topology)]),
        remoteSecret(remote, primary, [named.remote(remote)]),
        eastWestGateway(remote, topology, [named.remoteSecret(remote, primary), named.gateway(primary)], {
          labelled: false,
        }),
      ]),

      workloads(primary, [named.controlPlane(primary)]),
      ...remotes.map((remote) => workloads(remote, [named.remoteSecret(remote, primary), named.gateway(primary)])),

      step(
        `${primary}: placeholders replaced by the gateways’ addresses`,
        writeOwnAddresses,
        remotes.map((remote) => named.remoteSecret(remote, primary)),
      ),
    ]
  },
}
