import { disruptionsIn } from '#operations/disruptions.ts'
import type { Lab } from '#lab/lab.ts'
import { gatewayService } from '#istio/gateway.ts'
import { procedures } from '#istio/procedures/index.ts'
import { istiodOf, revised } from '#istio/revision.ts'
import { labNamespaces } from '#istio/workloads.ts'
import { severalNetworks } from '#topology/networks.ts'
import { withEngineClient } from './stranger.ts'
import type { Target, UpgradeStage } from './target.ts'
import { visitorPrefix } from './visitor.ts'

/**
 * A lab’s mesh as checks need to know it: all of it is ours, and nothing is withheld. `upgrade` is what it has
 * reached of one.
 */
export const labTarget = (lab: Lab, upgrade?: UpgradeStage): Target => {
  const { mtls, procedure, istioNamespace } = lab.topology
  const istiodFor = (cluster: string): string =>
    istiodOf(upgrade ? revised(upgrade.stage.workloads[cluster]?.revision) : lab.topology)
  return {
    clusters: lab.clusters.map((cluster) => ({
      name: cluster.name,
      network: cluster.network,
      role: cluster.role,
      version: cluster.version,
      istioNamespace,
      discovery: `${istiodFor(cluster.name)}.${istioNamespace}.svc:15012`,
      get kube() {
        return cluster.kube
      },
      // Procedures without gateways are those of a flat network.
      ...(severalNetworks(lab)
        ? { gateway: { service: gatewayService(cluster), selector: 'istio=eastwestgateway' } }
        : {}),
      revisions: upgrade?.stage.controlPlanes[cluster.name]?.map(({ revision }) => revision),
    })),
    mtls,
    namespaces: labNamespaces,
    trustDomain: 'cluster.local',
    domain: 'cluster.local',
    policyNamespace: istioNamespace,
    withheld: {},
    // A check’s own pods come and go while others look.
    judges: (namespace) => !namespace.startsWith(visitorPrefix),
    ...(upgrade
      ? {
          upgrade: {
            ...upgrade,
            proxyImage: (release: string) => `${lab.images.roles['hub'] ?? ''}/proxyv2:${release}`,
            clientImage: lab.images.roles['curl'] ?? '',
          },
        }
      : {}),
    discoveryAddresses: async (signal) => {
      // Remote clusters move to another control plane one after the other.
      const remotes = lab.clusters
        .filter(({ role }) => role === 'remote')
        .map(({ name }) => upgrade?.stage.workloads[name]?.revision)
      const { revision: _, ...topology } = lab.topology
      const labs = upgrade
        ? [...new Set(remotes)].map((revision) => ({ ...lab, topology: { ...topology, ...revised(revision) } }))
        : [lab]
      const addresses = await Promise.all(
        labs.map(async (one) => procedures[procedure].discoveryAddress?.(one, signal)),
      )
      return addresses.filter((address) => address !== undefined)
    },
    disruptions: (signal) => disruptionsIn(lab, signal),
    besideClusters: (record, during) => withEngineClient(lab.runId, record, during),
  }
}
