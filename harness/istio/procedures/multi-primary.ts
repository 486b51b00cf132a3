import type { Topology } from '#topology/topology-file.ts'
import { clustersByRole, type Procedure, type Step } from '#istio/procedure.ts'
import {
  controlPlane,
  gateway,
  gatewayApi,
  mutualTls,
  named,
  remoteSecret,
  servicesExposed,
  trust,
  workloads,
} from '#istio/shared-steps.ts'

/** A control plane in every cluster, each watching the API servers of all others. */
const controlPlanes = (topology: Topology): Step[] => {
  const { primaries } = clustersByRole(topology)
  return [
    ...primaries.map((primary) => trust(primary, topology)),
    ...primaries.map((primary) => controlPlane(primary, topology)),
    ...mutualTls(topology, (primary) => [named.controlPlane(primary)]),
    ...primaries.flatMap((of) =>
      primaries
        .filter((to) => to !== of)
        .map((to) => remoteSecret(of, to, [named.controlPlane(of), named.controlPlane(to)])),
    ),
  ]
}

const workloadsEverywhere = (topology: Topology): Step[] =>
  clustersByRole(topology).primaries.map((primary) => workloads(primary, [named.controlPlane(primary)]))

/** Two control planes over one flat network: Istio’s “multi-primary”. */
export const multiPrimary: Procedure = {
  name: 'multi-primary',
  steps: (topology) => [...controlPlanes(topology), ...workloadsEverywhere(topology)],
}

/**
 * Two control planes, two networks joined by gateways that are found by their label: Istio’s “multi-primary on
 * different networks”.
 */
export const multiPrimaryMultiNetwork: Procedure = {
  name: 'multi-primary-multi-network',
  loadBalancers: (topology) => clustersByRole(topology).all,
  steps: (topology) => [
    ...gatewayApi(topology),
    ...controlPlanes(topology),
    ...clustersByRole(topology).primaries.flatMap((primary) => [
      gateway(primary, topology, [named.controlPlane(primary)], { labelled: true }),
      ...servicesExposed(primary, topology, [named.controlPlane(primary)]),
    ]),
    ...workloadsEverywhere(topology),
  ],
}
