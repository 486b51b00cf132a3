import type { V1Pod } from '@kubernetes/client-node'
import { isSidecar } from '#istio/proxy-container.ts'
import { isReady } from '#kube/pods.ts'
import { reasonOf } from '#errors.ts'
import type { Survey, SurveyedCluster } from '#probes/survey/survey.ts'

/** A sidecar that stands for the clients of its namespace in its cluster. */
export type Client = { cluster: SurveyedCluster; namespace: string; pod: string; labels: Record<string, string> }

/** A client in words: `cluster1 shop/client-1`. */
export const clientPlace = ({ cluster, namespace, pod }: Omit<Client, 'labels'>): string =>
  `${cluster.name} ${namespace}/${pod}`

/** How many clients of a cluster are asked. */
const perCluster = 5

/**
 * One ready sidecar of every namespace of every cluster, and five of a cluster at most: what clients hold differs
 * between namespaces.
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
  const sidecars = proxies.filter((pod) => isReady(pod) && isSidecar(pod))
  return [...new Map(sidecars.map((pod) => [pod.metadata?.namespace, pod])).values()].slice(0, perCluster)
}

/** A ready pod of a namespace with a label, `app=sleep`, if there is one. */
export const readyPodIn = async (
  { reads }: SurveyedCluster,
  { namespace, selector }: { namespace: string; selector: string },
): Promise<V1Pod | undefined> => {
  const [key = '', value = ''] = selector.split('=')
  return (await reads.podsIn(namespace)).find((pod) => isReady(pod) && pod.metadata?.labels?.[key] === value)
}

/** A client whose proxy could not be read, and why. */
export type Unread = { client: Client; error: unknown }

/**
 * What to say of clients that could not be read, where others could: a proxy that does not answer leaves the rest
 * judged. @throws the first error where none of them could be read: then nothing was looked at.
 */
export const unreadNotes = (what: string, asked: number, unread: readonly Unread[]): string[] => {
  const [first] = unread
  if (!first) return []
  if (unread.length === asked) throw first.error
  const names = unread.map(({ client }) => clientPlace(client))
  return [`${what} of ${names.slice(0, 3).join(', ')} were not read: ${reasonOf(first.error)}`]
}
