import { stubs } from '#istio/workloads.ts'
import { exposedByLoadBalancer } from '#istio/exposure.ts'
import { internalAddress } from '#istio/internal-load-balancer.ts'
import { requireInterception } from '#istio/interception.ts'
import { clustersByRole, step, type Procedure } from '#istio/procedure.ts'
import { addReaderSecret, readerToken } from '#istio/reader-secret.ts'
import { controlPlane, exposed, mutualTls, named, remoteProfile, trust, workloads } from '#istio/shared-steps.ts'

/**
 * Single control plane over one flat network (seed 003): istiod behind an internal load balancer, the remote secret
 * assembled by hand from the reader service account, stub namespaces and services for DNS. The seed uses Istio 1.1's
 * Helm charts and captures four addresses. One of them is left: istiod does the work of Pilot and Citadel, and the
 * proxies that of policy and telemetry.
 */
export const vpn: Procedure = {
  name: 'vpn',
  loadBalancers: (topology) => [clustersByRole(topology).primary],
  exposure: exposedByLoadBalancer,
  discoveryAddress: internalAddress,
  steps: (topology) => {
    const { all, primary, remotes } = clustersByRole(topology)
    return [
      ...all.map((cluster) => trust(cluster, topology)),
      controlPlane(primary, topology, () => ({ externalIstiod: true })),
      step(`${primary}: sidecars include every cluster’s ranges`, (lab) => requireInterception(lab), [
        named.controlPlane(primary),
      ]),
      ...mutualTls(topology, () => [named.controlPlane(primary)]),
      exposed(primary, exposedByLoadBalancer, [named.trust(primary, topology)]),
      step(`${primary}: address of the internal load balancer`, internalAddress, [
        named.exposed(primary),
        `${primary}: load balancer`,
      ]),

      ...remotes.flatMap((remote) => [
        remoteProfile(remote, internalAddress, [
          `${primary}: address of the internal load balancer`,
          named.trust(remote, topology),
        ]),
        step(`${remote}: token of the reader service account`, (lab, signal) =>
          readerToken(lab.cluster(remote), signal),
        ),
        step(named.remoteSecret(remote, primary), (lab, signal) =>
          addReaderSecret({ of: lab.cluster(remote), to: lab.primary }, signal),
        ),
      ]),

      ...all.map((cluster) =>
        step(`${cluster}: stub namespace and services`, (lab) => stubs(lab.cluster(cluster)), [`${cluster}: created`]),
      ),
      workloads(primary, [named.controlPlane(primary), `${primary}: stub namespace and services`]),
      ...remotes.map((remote) =>
        workloads(remote, [
          named.remoteSecret(remote, primary),
          named.controlPlane(primary),
          `${remote}: stub namespace and services`,
        ]),
      ),
    ]
  },
}
