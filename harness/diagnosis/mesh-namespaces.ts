import { proxyOf } from '#istio/proxy-container.ts'
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
