import { isReady } from '../kube/pods.ts'
import type { Lab, LabCluster } from '../lab/lab.ts'
import { istiodPods } from '../mesh/istiod-pods.ts'
import { endpointShards, proxyStates, watchedClusters, type ProxyState } from '../probes/istiod.ts'
import { remoteAccess, type RemoteAccess } from '../probes/remote-access.ts'
import type { Recorder } from './evidence.ts'

/** One istiod as a check sees it. */
export type ControlPlane = {
  /** The cluster it runs in. */
  cluster: string
  /** The clusters whose proxies it serves. */
  serves: string[]
  /** The other clusters that it must watch through a remote secret. */
  watches: string[]
  watched: () => Promise<{ id: string; syncStatus: string }[]>
  /** The addresses it holds for helloworld, by cluster. */
  endpoints: () => Promise<Record<string, string[]>>
  /** The proxies connected to it. */
  proxies: () => Promise<ProxyState[]>
  /** Uses the remote secret of a cluster from a pod beside it. */
  remoteAccess: (of: string) => Promise<RemoteAccess | undefined>
}

/** Whether a cluster’s istiod pods are ready, and how often they restarted. */
export type IstiodPod = { name: string; ready: boolean; restarts: number }

/** A control plane’s handle for one attempt of a check. */
export const controlPlaneOf = (lab: Lab, at: LabCluster, record: Recorder): ControlPlane => ({
  cluster: at.name,
  serves: at === lab.primary ? lab.clusters.filter(({ name, role }) => name === at.name || role === 'remote').map(({ name }) => name) : [at.name],
  watches: lab.clusters.filter(({ name }) => name !== at.name).map(({ name }) => name),
  watched: async () => {
    const watched = await watchedClusters(at.kube)
    record.add({ probe: 'watched clusters', by: at.name, watched })
    return watched
  },
  endpoints: async () => {
    const endpoints = await endpointShards(at.kube, 'helloworld.app1.svc.cluster.local', 'app1')
    record.add({ probe: 'istiod’s endpoints', of: at.name, endpoints })
    return endpoints
  },
  proxies: async () => {
    const proxies = await proxyStates(at.kube)
    record.add({ probe: 'proxies', of: at.name, proxies })
    return proxies
  },
  remoteAccess: async (of) => {
    const access = await remoteAccess(at, of)
    record.add({ probe: 'remote secret', of, from: `${at.name} legacy/sleep`, ...(access ?? { found: false }) })
    return access
  },
})

/** Reads the istiod pods of a cluster, whether it should have any or not; those on their way out are left out. */
export const istiodIn = async (cluster: LabCluster, record: Recorder): Promise<IstiodPod[]> => {
  const pods = (await istiodPods(cluster.kube)).filter(({ metadata }) => !metadata?.deletionTimestamp).map((pod) => ({
    name: pod.metadata?.name ?? '',
    ready: isReady(pod),
    restarts: (pod.status?.containerStatuses ?? []).reduce((sum, { restartCount }) => sum + restartCount, 0),
  }))
  record.add({ probe: 'istiod', cluster: cluster.name, pods })
  return pods
}
