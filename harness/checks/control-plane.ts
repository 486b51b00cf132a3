import type { V1Pod } from '@kubernetes/client-node'
import { isDone, isReady, readyPod } from '#kube/pods.ts'
import { istiodApi, istiodPods, istiodSelector } from '#istio/istiod-pods.ts'
import { istiodHostOf, primariesOf } from '#topology/roles.ts'
import { endpointShards, proxyStates, watchedClusters, type ProxyState } from '#probes/istiod.ts'
import { remoteAccess, type RemoteAccess } from '#probes/remote-access.ts'
import type { Recorder } from './evidence.ts'
import type { TargetCluster, Target } from './target.ts'

/** An istiod as a check sees it. */
export type ControlPlane = {
  /** The cluster it runs in. */
  cluster: string
  /** Its revision, where several control planes may run in the cluster. */
  revision: string | undefined
  /** For people: `cluster1`, with its revision where that matters. */
  name: string
  /** The clusters whose proxies it serves. */
  serves: string[]
  /** The other clusters that it must watch through a remote secret. */
  watches: string[]
  watched: () => Promise<{ id: string; syncStatus: string }[]>
  /** The addresses it holds for a service of the workloads’ namespace, by cluster. */
  endpoints: (service: string) => Promise<Record<string, string[]>>
  /** The proxies connected to it that are judged. */
  proxies: () => Promise<ProxyState[]>
  /** Uses the remote secret of a watched cluster from a pod in this control plane’s cluster. */
  remoteAccess: (watched: string) => Promise<RemoteAccess | undefined>
}

/** An istiod pod: whether it is ready, and how many of its restarts are judged. */
export type IstiodPod = { name: string; ready: boolean; restarts: number }

/** The handle of a control plane for one attempt of a check. `revision` names it where its cluster has several. */
export const controlPlaneOf = (
  target: Target,
  cluster: TargetCluster,
  revision: string | undefined,
  record: Recorder,
): ControlPlane => {
  const displayName = revision === undefined ? cluster.name : `${cluster.name} ${revision}`
  const readyPodName = async (): Promise<string | undefined> =>
    (await readyPod(istiodApi(cluster), cluster.istioNamespace, istiodSelector(revision))).metadata?.name
  const home = istiodHostOf(cluster)
  return {
    cluster: home,
    revision,
    name: displayName,
    serves:
      cluster.name === primariesOf(target)[0]?.name
        ? target.clusters.filter(({ name, role }) => name === cluster.name || role === 'remote').map(({ name }) => name)
        : [cluster.name],
    watches: target.clusters.filter(({ name }) => name !== cluster.name).map(({ name }) => name),
    watched: async () => {
      const watched = await watchedClusters(cluster, await readyPodName())
      record.add({ probe: 'watched clusters', by: displayName, watched })
      return watched
    },
    endpoints: async (service) => {
      const endpoints = await endpointShards(
        cluster,
        `${service}.${target.namespaces.mesh}.svc.${target.domain}`,
        target.namespaces.mesh,
        await readyPodName(),
      )
      record.add({ probe: 'istiod’s endpoints', of: displayName, service, endpoints })
      return endpoints
    },
    proxies: async () => {
      // An istiod pod knows only the proxies that are connected to it.
      const pods = (await istiodPods(cluster, revision)).filter(isReady)
      const states = (await Promise.all(pods.map(({ metadata }) => proxyStates(cluster, metadata?.name)))).flat()
      const proxies = states.filter(({ proxy }) => target.judges(proxy.slice(proxy.lastIndexOf('.') + 1)))
      record.add({ probe: 'proxies', of: displayName, proxies, notJudged: states.length - proxies.length })
      return proxies
    },
    remoteAccess: async (watched) => {
      const access = await remoteAccess(cluster, watched, target.namespaces.outside)
      record.add({
        probe: 'remote secret',
        of: watched,
        from: `${home} ${target.namespaces.outside}/sleep`,
        ...(access ?? { found: false }),
      })
      return access
    },
  }
}

/** Whether a pod has ended, or no node has taken it: it runs nothing, and the other replicas go on without it. */
const isIdle = (pod: V1Pod): boolean =>
  isDone(pod) ||
  (pod.status?.conditions?.some(({ type, status: is }) => type === 'PodScheduled' && is === 'False') ?? false)

/**
 * Reads the istiod pods that run in a cluster, without those that are being deleted, have ended, or are not scheduled.
 * A remote cluster should have none, unless it is where an external control plane runs.
 */
export const istiodIn = async (
  cluster: TargetCluster,
  since: Date | undefined,
  record: Recorder,
): Promise<IstiodPod[]> => {
  const { kube, istioNamespace } = cluster
  const pods = (await istiodPods({ kube, istioNamespace }))
    .filter((pod) => !pod.metadata?.deletionTimestamp && !isIdle(pod))
    .map((pod) => ({
      name: pod.metadata?.name ?? '',
      ready: isReady(pod),
      restarts: (pod.status?.containerStatuses ?? [])
        .filter(({ lastState }) => since === undefined || new Date(lastState?.terminated?.finishedAt ?? 0) >= since)
        .reduce((sum, { restartCount }) => sum + restartCount, 0),
    }))
  record.add({ probe: 'istiod', cluster: cluster.name, pods })
  return pods
}
