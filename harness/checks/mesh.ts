import { refOf, type Manifest } from '../kube/client.ts'
import { until } from '../kube/until.ts'
import type { Lab } from '../lab/lab.ts'
import { fixture } from '../mesh/gateway.ts'
import { placeholder, readGatewayAddresses, writeGatewayAddresses } from '../mesh/mesh-networks.ts'
import { endpointShards, istiodPods, proxyStates, watchedClusters, type ProxyState } from '../probes/istiod.ts'
import { remoteAccess, type RemoteAccess } from '../probes/remote-access.ts'
import type { Recorder } from './evidence.ts'
import { siteOf, type Site } from './site.ts'

/** Istio's name for a client's route to helloworld. */
const helloworldCluster = 'outbound|5000||helloworld.app1.svc.cluster.local'

/** The mesh as a check sees it. */
export type Mesh = {
  clusters: Site[]
  primary: Site
  remotes: Site[]
  /** The clusters other than one. */
  othersThan: (site: Site) => Site[]
  helloworld: { origin: string; url: string; cluster: string }
  /** Every version of helloworld, wherever it runs. */
  versions: string[]
  /** Applies a policy of fixtures/policies for as long as `during` runs, where the control plane reads its configuration. */
  withPolicy: <T>(name: string, during: () => Promise<T>) => Promise<T>
  /** Asks until it holds; false when it does not within the time (milliseconds). */
  eventually: (holds: () => Promise<boolean>, within?: number) => Promise<boolean>
  controlPlane: {
    pods: (site: Site) => Promise<{ name: string; ready: boolean; restarts: number }[]>
    watched: () => Promise<{ id: string; syncStatus: string }[]>
    /** The addresses istiod holds for helloworld, by cluster. */
    endpoints: () => Promise<Record<string, string[]>>
    proxies: () => Promise<ProxyState[]>
    /** Uses a remote secret from a pod beside istiod. */
    remoteAccess: (of: Site) => Promise<RemoteAccess | undefined>
    /** The gateways' addresses of meshNetworks, by network. */
    gateways: () => Promise<Record<string, string>>
    setGateways: (addresses: Record<string, string>) => Promise<void>
  }
  placeholder: string
}

/** The handles of one attempt; no wait of it lasts longer than `patience`, in milliseconds. */
export const meshOf = (lab: Lab, record: Recorder, patience: number, signal: AbortSignal): Mesh => {
  const clusters = lab.clusters.map((cluster) => siteOf(cluster, record, patience, signal))
  const kube = lab.primary.kube
  const site = (name: string): Site => {
    const found = clusters.find((candidate) => candidate.name === name)
    if (!found) throw new Error(`no cluster is called ${name}`)
    return found
  }
  return {
    clusters,
    primary: site(lab.primary.name),
    remotes: clusters.filter(({ role }) => role === 'remote'),
    othersThan: ({ name }) => clusters.filter((other) => other.name !== name),
    helloworld: { origin: 'http://helloworld.app1:5000', url: 'http://helloworld.app1:5000/hello', cluster: helloworldCluster },
    versions: [...new Set(clusters.map(({ version }) => version))].sort(),
    withPolicy: async (name, during) => {
      const policy = await fixture(`policies/${name}.yaml`)
      record.add({ probe: 'policy', applied: name, objects: policy.map((object) => `${object.kind ?? ''} ${refOf(object).name}`) })
      return holding(kube, policy, during)
    },
    eventually: (holds, within = patience) => until('', holds, { every: 200, within: Math.min(within, patience), signal }).then(() => true, (error: unknown) => {
      if (signal.aborted) throw error
      return false
    }),
    controlPlane: {
      pods: async ({ name }) => {
        const pods = (await istiodPods(lab.cluster(name).kube)).map(({ metadata, status }) => ({
          name: metadata?.name ?? '',
          ready: status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false,
          restarts: (status?.containerStatuses ?? []).reduce((sum, { restartCount }) => sum + restartCount, 0),
        }))
        record.add({ probe: 'istiod', cluster: name, pods })
        return pods
      },
      watched: async () => {
        const watched = await watchedClusters(kube)
        record.add({ probe: 'watched clusters', watched })
        return watched
      },
      endpoints: async () => {
        const endpoints = await endpointShards(kube, 'helloworld.app1.svc.cluster.local', 'app1')
        record.add({ probe: 'istiod’s endpoints', endpoints })
        return endpoints
      },
      proxies: async () => {
        const proxies = await proxyStates(kube)
        record.add({ probe: 'proxies', proxies })
        return proxies
      },
      remoteAccess: async ({ name }) => {
        const access = await remoteAccess(lab.primary, name)
        record.add({ probe: 'remote secret', of: name, from: `${lab.primary.name} legacy/sleep`, ...(access ?? { found: false }) })
        return access
      },
      gateways: async () => {
        const addresses = await readGatewayAddresses(lab.primary)
        record.add({ probe: 'meshNetworks', addresses })
        return addresses
      },
      setGateways: (addresses) => writeGatewayAddresses(lab.primary, addresses),
    },
    placeholder,
  }
}

const holding = async <T>(kube: Lab['primary']['kube'], policy: Manifest[], during: () => Promise<T>): Promise<T> => {
  try {
    await kube.apply(policy)
    return await during()
  } finally {
    for (const object of policy) await kube.remove(refOf(object))
  }
}
