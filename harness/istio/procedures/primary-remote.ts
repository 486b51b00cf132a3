import { exposedByGateway } from '#istio/exposure.ts'
import { primaryGatewayAddress } from '#istio/gateway.ts'
import { clustersByRole, type Procedure } from '#istio/procedure.ts'
import {
  controlPlane,
  earlyGatewayAddress,
  exposed,
  gateway,
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
 * Primary and remotes on different networks (seed 001): east-west gateways that the control plane finds by their
 * network label, istiod exposed through the primary's, the remote attached by its namespace's annotation, an injection
 * path and a remote secret.
 */
export const primaryRemote: Procedure = {
  name: 'primary-remote',
  loadBalancers: (topology) => clustersByRole(topology).all,
  exposure: exposedByGateway,
  discoveryAddress: primaryGatewayAddress,
  steps: (topology) => {
    const { all, primary, remotes } = clustersByRole(topology)
    return [
      ...all.map((cluster) => trust(cluster, topology)),
      ...gatewayApi(topology),
      earlyGatewayAddress(primary, topology),
      controlPlane(primary, topology, () => ({ externalIstiod: true })),
      gateway(primary, topology, [named.controlPlane(primary)], { labelled: true, istiod: true }),
      exposed(primary, exposedByGateway, [named.controlPlane(primary)]),
      ...servicesExposed(primary, topology),
      ...mutualTls(topology, () => [named.controlPlane(primary)]),

      ...remotes.flatMap((remote) => [
        remoteProfile(remote, primaryGatewayAddress, [named.gatewayAddress(primary), named.trust(remote, topology)]),
        remoteSecret(remote, primary, [named.remote(remote)]),
        gateway(
          remote,
          topology,
          [named.remoteSecret(remote, primary), named.gateway(primary), named.exposed(primary)],
          { labelled: true },
        ),
        ...servicesExposed(remote, topology, [named.remote(remote)]),
      ]),

      workloads(primary, [named.controlPlane(primary)]),
      ...remotes.map((remote) =>
        workloads(remote, [named.remoteSecret(remote, primary), named.gateway(primary), named.exposed(primary)]),
      ),
    ]
  },
}
