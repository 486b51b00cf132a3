import type { V1Pod } from '@kubernetes/client-node'
import { meshMapOf } from '#probes/survey/mesh-config.ts'
import { injectedWith, type SurveyedCluster } from '#probes/survey/survey.ts'
import { meshNetworksIn } from '#istio/mesh-networks.ts'
import { proxyOf, variableOf } from '#istio/proxy-container.ts'
import { severalNetworks } from '#topology/networks.ts'
import { primariesOf } from '#topology/roles.ts'
import { kubectl, type Finding, type Layer } from '#diagnosis/layer.ts'
import { shellWord } from '#results/text.ts'

const label = 'topology.istio.io/network'

/** What clusters say of their network is what their proxies are told, and what their pods carry (istio/istio#28381). */
export const networks: Layer = {
  name: 'networks',
  look: async (mesh) => {
    const { istioNamespace } = mesh
    const named = await namedInMeshNetworks(primariesOf(mesh))
    const perCluster = await Promise.all(
      mesh.clusters.map(async (cluster): Promise<Finding[]> => {
        const [namespaces, proxies, injected] = await Promise.all([
          cluster.reads.namespaces(),
          cluster.reads.proxies(),
          injectedWith(cluster.reads),
        ])
        const declared = namespaces.find(({ metadata }) => metadata?.name === istioNamespace)?.metadata?.labels?.[label]
        if (declared === undefined && severalNetworks(mesh) && !named.has(cluster.name)) {
          return [
            {
              code: 'MP-831',
              where: cluster.name,
              evidence: [
                `namespace ${istioNamespace} has no label ${label}; proxies are told ${injected.network || 'none'}`,
              ],
              fix: kubectl(
                cluster,
                `label namespace ${istioNamespace} ${label}=${shellWord(injected.network || 'NETWORK')}`,
              ),
            },
          ]
        }
        const wrong = proxies.filter(
          (pod) => pod.metadata?.labels?.[label] !== undefined && pod.metadata.labels[label] !== toldTo(pod, declared),
        )
        const stated = [
          ...new Set([injected.network, ...proxies.map((pod) => variableOf(proxyOf(pod), 'ISTIO_META_NETWORK'))]),
        ].filter((network) => network !== undefined && network !== '')
        if (declared !== undefined && stated.some((network) => network !== declared)) {
          return [
            {
              code: 'MP-832',
              where: cluster.name,
              evidence: [
                `${istioNamespace} is labelled ${declared}; new proxies are told ${injected.network || 'none'}, ` +
                  `running ones ${stated.join(', ')}`,
              ],
              fix: kubectl(
                cluster,
                `label --overwrite namespace ${istioNamespace} ` +
                  `${label}=${shellWord(injected.network || stated[0] || 'NETWORK')}`,
              ),
            },
          ]
        }
        return wrong.map((pod) => ({
          code: 'MP-833' as const,
          where: `${cluster.name} ${pod.metadata?.namespace ?? ''}/${pod.metadata?.name ?? ''}`,
          evidence: [
            `the pod is labelled ${pod.metadata?.labels?.[label] ?? ''}, its cluster is on ${toldTo(pod, declared)}`,
          ],
          fix: kubectl(
            cluster,
            `-n ${pod.metadata?.namespace ?? ''} label --overwrite pod ${pod.metadata?.name ?? ''} ` +
              `${label}=${shellWord(toldTo(pod, declared))}`,
          ),
        }))
      }),
    )
    return {
      findings: perCluster.flat(),
      seen: mesh.clusters.map(({ name, network }) => `${name} on ${network || 'the one network'}`).join(', '),
    }
  },
}

const toldTo = (pod: V1Pod, declared: string | undefined): string =>
  declared ?? variableOf(proxyOf(pod), 'ISTIO_META_NETWORK') ?? ''

/** The clusters that meshNetworks puts on a network by name: they need no label. */
const namedInMeshNetworks = async (primaries: SurveyedCluster[]): Promise<Set<string>> => {
  const maps = await Promise.all(primaries.map(({ reads }) => meshMapOf(reads, 'meshNetworks')))
  const declared = maps.flatMap((map) => Object.values(meshNetworksIn(map) ?? {}))
  return new Set(
    declared.flatMap((network) => network?.endpoints?.flatMap(({ fromRegistry }) => fromRegistry ?? []) ?? []),
  )
}
