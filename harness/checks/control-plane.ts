import { isReady, readyPod } from '#kube/pods.ts'
import { istiodPods, istiodSelector } from '#istio/istiod-pods.ts'
import { primariesOf } from '#topology/roles.ts'
import { endpointShards, proxyStates, watchedClusters, type ProxyState } from '#probes/istiod.ts'
import { remoteAccess, type RemoteAccess } from '#probes/remote-access.ts'
import type { Recorder } from './evidence.ts'
import type { TargetCluster, Target } from './target.ts'

/** One istiod as a check sees it. */
export type ControlPlane = {
  /** The cluster it runs in. */
  cluster: string
  /** Its revision, where several may run beside each other. */
  revision: string | undefined
  /** For people: `cluster1`, with its revision where that matters. */
  name: string
  /** The clusters whose proxies it serves. */
  serves: string[]
  /** The other clusters that it must watch through a remote secret. */
  watches: string[]
  watched: () => Promise<{ id: string; syncStatus: string }[]>
  /** The addresses it holds for helloworld, by cluster. */
  endpoints: () => Promise<Record<string, string[]>>
  /** The proxies connected to it that are judged. */
  proxies: () => Promise<ProxyState[]>
  /** Uses the remote secret of a cluster from a pod beside it. */
  remoteAccess: (of: string) => Promise<RemoteAccess | undefined>
}

/** Whether a cluster’s istiod pods are ready, and how often those restarted that did so while it mattered. */
export type IstiodPod = { name: string; ready: boolean; restarts: number }

/** A control plane’s handle for one attempt of a check: the one of a cluster, or of a revision there. */
export const controlPlaneOf = (
  target: Target,
  at: TargetCluster,
  revision: string | undefined,
  record: Recorder,
): ControlPlane => {
  const called = revision === undefined ? at.name : `${at.name} ${revision}`
  const anyPod = async (): Promise<string | undefined> =>
    (await readyPod(at.kube, at.istioNamespace, istiodSelector(revision))).metadata?.name
  return {
    cluster: at.name,
    revision,
    name: called,
    serves:
      at.name === primariesOf(target)[0]?.name
        ? target.clusters.filter(({ name, role }) => name === at.name || role === 'remote').map(({ name }) => name)
        : [at.name],
    watches: target.clusters.filter(({ name }) => name !== at.name).map(({ name }) => name),
    watched: async () => {
      const watched = await watchedClusters(at, await anyPod())
      record.add({ probe: 'watched clusters', by: called, watched })
      return watched
    },
    endpoints: async () => {
      const endpoints = await endpointShards(
        at,
        `helloworld.${target.namespaces.mesh}.svc.${target.domain}`,
        target.namespaces.mesh,
        await anyPod(),
      )
      record.add({ probe: 'istiod’s endpoints', of: called, endpoints })
      return endpoints
    },
    proxies: async () => {
      // Each of its pods knows the proxies that are connected to it.
      const pods = (await istiodPods(at, revision)).filter(isReady)
      const states = (await Promise.all(pods.map(({ metadata }) => proxyStates(at, metadata?.name)))).flat()
      const proxies = states.filter(({ proxy }) => target.judges(proxy.slice(proxy.lastIndexOf('.') + 1)))
      record.add({ probe: 'proxies', of: called, proxies, notJudged: states.length - proxies.length })
      return proxies
    },
    remoteAccess: async (of) => {
      const access = await remoteAccess(at, of, target.namespaces.outside)
      record.add({
        probe: 'remote secret',
        of,
        from: `${at.name} ${target.namespaces.outside}/sleep`,
        ...(access ?? { found: false }),
      })
      return access
    },
  }
}

/** Reads the istiod pods of a cluster, whether it should have any or not; those on their way out are left out. */
export const istiodIn = async (
  cluster: TargetCluster,
  since: Date | undefined,
  record: Recorder,
): Promise<IstiodPod[]> => {
  const pods = (await istiodPods(cluster))
    .filter(({ metadata }) => !metadata?.deletionTimestamp)
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
