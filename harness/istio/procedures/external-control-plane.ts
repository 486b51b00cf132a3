import { exposedByLoadBalancer } from '#istio/exposure.ts'
import { internalAddress } from '#istio/internal-load-balancer.ts'
import { clustersByRole, step, type Procedure } from '#istio/procedure.ts'
import {
  configCluster,
  configSecret,
  exposed,
  externalControlPlane as istiodFor,
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
import { istiodHostOf, primariesOf } from '#topology/roles.ts'
import type { Topology } from '#topology/topology-file.ts'

const addressOfIstiod = (host: string): string => `${host}: address of istiod’s load balancer`

/**
 * istiod runs in one cluster, and another is its config cluster (Istio’s guide “Install Istio with an External
 * Control Plane”). The last part of the guide adds clusters to such a mesh. Here one of them is the cluster that
 * istiod runs in: istiod knows it only by its remote secret, as it knows any other.
 */
export const externalControlPlane: Procedure = {
  name: 'external-control-plane',
  loadBalancers: (topology) => clustersByRole(topology).all,
  exposure: exposedByLoadBalancer,
  discoveryAddress: internalAddress,
  steps: (topology) => {
    const { all, primary: config, remotes } = clustersByRole(topology)
    const host = istiodHostIn(topology)
    const others = remotes.filter((remote) => remote !== host)
    return [
      ...all.map((cluster) => trust(cluster, topology)),
      ...gatewayApi(topology),
      exposed(host, exposedByLoadBalancer, [named.trust(host, topology)]),
      step(addressOfIstiod(host), internalAddress, [named.exposed(host), `${host}: load balancer`]),

      configCluster(config, internalAddress, [addressOfIstiod(host), named.trust(config, topology)]),
      configSecret(config, host, [named.configCluster(config), named.trust(host, topology)]),
      istiodFor(host, config, [named.configSecret(config, host)]),
      ...mutualTls(topology, () => [named.configCluster(config)]),
      gateway(config, topology, [named.controlPlane(host)], { labelled: true }),
      ...servicesExposed(config, topology, [named.configCluster(config)]),

      // istiod acts in the cluster that it runs in as its own service account. A reader’s rights would not be enough.
      remoteSecret(host, config, [named.controlPlane(host)], 'istiod'),
      gateway(host, topology, [named.remoteSecret(host, config)], { labelled: true }),

      ...others.flatMap((remote) => [
        remoteProfile(remote, internalAddress, [addressOfIstiod(host), named.trust(remote, topology)]),
        remoteSecret(remote, config, [named.remote(remote), named.configCluster(config)]),
        gateway(remote, topology, [named.remoteSecret(remote, config), named.controlPlane(host)], { labelled: true }),
      ]),

      workloads(config, [named.controlPlane(host)]),
      ...remotes.map((remote) => workloads(remote, [named.remoteSecret(remote, config), named.controlPlane(host)])),
    ]
  },
}

/** The cluster in which the istiod of the one primary runs. */
const istiodHostIn = (topology: Topology): string => primariesOf(topology).map(istiodHostOf)[0] ?? ''
