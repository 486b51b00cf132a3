import type { Lab } from '../lab/lab.ts'
import { gatewayService } from '../mesh/gateway.ts'
import { procedures } from '../mesh/procedures/index.ts'
import { labNamespaces } from '../mesh/workloads.ts'
import { withEngineClient } from './engine-client.ts'
import type { MeshUnderTest } from './mesh-under-test.ts'

/** A lab’s mesh as checks need to know it: all of it is ours, and nothing is withheld. */
export const labMesh = (lab: Lab): MeshUnderTest => {
  const { mtls, procedure } = lab.topology
  const severalNetworks = new Set(lab.clusters.map(({ network }) => network)).size > 1
  return {
    clusters: lab.clusters.map((cluster) => ({
      name: cluster.name, network: cluster.network, role: cluster.role, version: cluster.version, discovery: 'istiod.istio-system.svc:15012',
      get kube() { return cluster.kube },
      // Procedures without gateways are those of a flat network.
      ...(severalNetworks ? { gateway: { service: gatewayService, selector: 'istio=eastwestgateway' } } : {}),
    })),
    mtls,
    namespaces: labNamespaces,
    trustDomain: 'cluster.local',
    domain: 'cluster.local',
    policyNamespace: 'istio-system',
    withheld: {},
    judges: () => true,
    discoveryAddresses: async (signal) => {
      const address = await procedures[procedure].discoveryAddress?.(lab, signal)
      return address === undefined ? [] : [address]
    },
    besideClusters: (record, during) => withEngineClient(lab.runId, record, during),
  }
}
