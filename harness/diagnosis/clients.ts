import type { V1Pod } from '@kubernetes/client-node'
import { proxyOf } from '#istio/proxy-container.ts'
import { isReady } from '#kube/pods.ts'
import type { Survey, SurveyedCluster } from '#survey/survey.ts'

/** A sidecar that stands for the clients of its namespace in its cluster. */
export type Client = { cluster: SurveyedCluster; namespace: string; pod: string; labels: Record<string, string> }

/** How many clients of a cluster are asked. */
const perCluster = 5

/**
 * One ready sidecar of every namespace of every cluster, and five of a cluster at most: what clients hold differs
 * between namespaces. Those that call a service rather than serve it come first, as far as names tell.
 */
export const clientsOf = async (mesh: Survey): Promise<Client[]> =>
  (
    await Promise.all(
      mesh.clusters.map(async (cluster) =>
        sampled(await cluster.reads.proxies()).map(({ metadata }) => ({
          cluster,
          namespace: metadata?.namespace ?? '',
          pod: metadata?.name ?? '',
          labels: metadata?.labels ?? {},
        })),
      ),
    )
  ).flat()

const sampled = (proxies: V1Pod[]): V1Pod[] => {
  const sidecars = proxies.filter((pod) => isReady(pod) && proxyOf(pod)?.args?.includes('sidecar'))
  return [...new Map(sidecars.map((pod) => [pod.metadata?.namespace, pod])).values()].slice(0, perCluster)
}
