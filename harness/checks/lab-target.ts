import { disruptionsIn } from '#operations/disruptions.ts'
import type { Lab } from '#lab/lab.ts'
import { gatewaySelector, gatewayService } from '#istio/gateway.ts'
import { procedures } from '#istio/procedures/index.ts'
import { istiodOf, revised } from '#istio/revision.ts'
import { labNamespaces } from '#istio/workloads.ts'
import { severalNetworks } from '#topology/networks.ts'
import { withEngineClient } from './stranger.ts'
import type { Target, UpgradeStage } from './target.ts'
import { visitorPrefix } from './visitor.ts'

/**
 * A lab’s mesh as a target of checks. All of it is ours, and nothing is withheld. `upgrade` is the stage that an
 * upgrade has reached.
 */
export const labTarget = (lab: Lab, upgrade?: UpgradeStage): Target => {
  const { mtls, procedure, istioNamespace } = lab.topology
  const istiodFor = (cluster: string): string =>
    istiodOf(upgrade ? revised(upgrade.stage.workloads[cluster]?.revision) : lab.topology)
  return {
    clusters: lab.clusters.map((cluster) => ({
      istiodIn: cluster.istiodIn,
      get istiodKube() {
        return cluster.istiodKube
      },
      name: cluster.name,
      network: cluster.network,
      role: cluster.role,
      version: cluster.version,
      istioNamespace,
      discovery: `${istiodFor(cluster.name)}.${istioNamespace}.svc:15012`,
      get kube() {
        return cluster.kube
      },
      // A flat network needs no gateways.
      ...(severalNetworks(lab) ? { gateway: { service: gatewayService(cluster), selector: gatewaySelector } } : {}),
      revisions: upgrade?.stage.controlPlanes[cluster.name]?.map(({ revision }) => revision),
    })),
    mtls,
    namespaces: labNamespaces,
    trustDomain: 'cluster.local',
    domain: 'cluster.local',
    policyNamespace: istioNamespace,
    images: lab.images.roles,
    withheld: lab.images.echo === undefined ? { echo: noEcho(lab) } : {},
    // Visitors are pods of other checks, which come and go.
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
      // In an upgrade, remote clusters move to the new control plane one after the other, so several may be in use.
      const remotes = lab.clusters
        .filter(({ role }) => role === 'remote')
        .map(({ name }) => upgrade?.stage.workloads[name]?.revision)
      const { revision: _, ...topology } = lab.topology
      const revisedLabs = upgrade
        ? [...new Set(remotes)].map((revision) => ({ ...lab, topology: { ...topology, ...revised(revision) } }))
        : [lab]
      const addresses = await Promise.all(
        revisedLabs.map(async (revisedLab) => procedures[procedure].discoveryAddress?.(revisedLab, signal)),
      )
      return addresses.filter((address) => address !== undefined)
    },
    disruptions: (signal) => disruptionsIn(lab, signal),
    besideClusters: (record, during) => withEngineClient(lab.runId, record, during),
  }
}

/** Why nothing can be asked of echo in a lab. */
const noEcho = ({ images: { source } }: Lab): string =>
  source === 'release'
    ? 'no image of Istio’s echo is published with a release: name one with --echo-image'
    : 'the lab was made without echo'
