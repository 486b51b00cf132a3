import { matchesSelector } from './label-selector.ts'
import { proxyOf } from '#istio/proxy-container.ts'
import { meshConfigOf, type MeshConfig } from '#probes/survey/mesh-config.ts'
import type { SurveyedCluster } from '#probes/survey/survey.ts'

/**
 * The namespaces of a cluster that the mesh has something in: where a pod has a proxy, whether it runs or not, or
 * where the namespace asks for sidecars.
 */
export const meshNamespacesOf = async ({ reads }: SurveyedCluster): Promise<Set<string>> => {
  const [pods, namespaces] = await Promise.all([reads.pods(), reads.namespaces()])
  const asking = namespaces.filter(
    ({ metadata }) =>
      metadata?.labels?.['istio-injection'] === 'enabled' ||
      (metadata?.labels?.['istio-injection'] === undefined && metadata?.labels?.['istio.io/rev'] !== undefined),
  )
  return new Set([
    ...pods.filter((pod) => proxyOf(pod) !== undefined).map(({ metadata }) => metadata?.namespace ?? ''),
    ...asking.map(({ metadata }) => metadata?.name ?? ''),
  ])
}

/**
 * Whether a control plane follows a namespace of a cluster: its mesh config can choose namespaces by their labels
 * (discoverySelectors).
 */
export const isFollowed = async (
  primary: SurveyedCluster,
  cluster: SurveyedCluster,
  name: string,
): Promise<boolean> => {
  const config = await meshConfigOf(primary.reads)
  if (!config.discoverySelectors?.length) return true
  const namespace = (await cluster.reads.namespaces()).find(({ metadata }) => metadata?.name === name)
  const labels = { 'kubernetes.io/metadata.name': name, ...namespace?.metadata?.labels }
  return isSelected(config, labels)
}

/** Whether a mesh config follows namespaces with these labels. One without selectors follows all. */
export const isSelected = ({ discoverySelectors }: MeshConfig, labels: Readonly<Record<string, string>>): boolean =>
  !discoverySelectors?.length ||
  discoverySelectors.some((selector) => matchesSelector(selector as Parameters<typeof matchesSelector>[0], labels))
