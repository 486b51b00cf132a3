import type { Manifest } from '#kube/client.ts'
import type { Topology } from '#topology/topology-file.ts'
import { fixture } from './fixture.ts'
import { istiodRoutes } from './gateway-api.ts'
import { istiodOf, revisionOf } from './revision.ts'

/**
 * What lets proxies and API servers of other clusters reach a control plane through its cluster's gateway (Istio's
 * expose-istiod.yaml; for a revision its expose-istiod-rev.yaml.tmpl). Where gateways are resources of the Gateway API,
 * these are routes.
 */
export const exposedByGateway = async (topology: Topology): Promise<Manifest[]> => {
  const { revision, istioNamespace, gateways } = topology
  if (gateways === 'gateway-api') return istiodRoutes(topology)
  return revision === undefined
    ? fixture('workloads/expose-istiod.yaml', { istioNamespace })
    : fixture('workloads/expose-revision.yaml', { revision, istioNamespace })
}

/**
 * What lets the other clusters of a flat network reach a control plane (seed 003: services made internal load
 * balancers).
 */
export const exposedByLoadBalancer = (topology: Topology): Promise<Manifest[]> =>
  fixture('workloads/internal-load-balancer.yaml', {
    istiod: istiodOf(topology),
    revision: revisionOf(topology),
    istioNamespace: topology.istioNamespace,
  })
