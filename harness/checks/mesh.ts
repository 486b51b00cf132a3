import { refOf, type KubeClient, type Manifest } from '../kube/client.ts'
import { putInPlace } from '../kube/put-in-place.ts'
import { until } from '../kube/until.ts'
import type { Lab } from '../lab/lab.ts'
import { fixture } from '../mesh/fixture.ts'
import { placeholder, readGatewayAddresses, writeGatewayAddresses } from '../mesh/mesh-networks.ts'
import { procedures } from '../mesh/procedures/index.ts'
import type { Mtls } from '../plan/topology-file.ts'
import { controlPlaneOf, type ControlPlane } from './control-plane.ts'
import { withEngineClient, type EngineClient } from './engine-client.ts'
import type { Recorder } from './evidence.ts'
import { siteOf, type Site } from './site.ts'

/** Istio's name for a client's route to helloworld. */
const helloworldCluster = 'outbound|5000||helloworld.app1.svc.cluster.local'

/** The mesh as a check sees it. */
export type Mesh = {
  mtls: Mtls
  clusters: Site[]
  /** The cluster whose control plane serves the remotes, and those remotes. */
  primary: Site
  remotes: Site[]
  controlPlanes: ControlPlane[]
  controlPlaneOf: (site: Site) => ControlPlane
  /** The clusters other than one: all, those on its network, those on others. */
  othersThan: (site: Site) => Site[]
  onNetworkOf: (site: Site) => Site[]
  onOtherNetworks: (site: Site) => Site[]
  /** The clusters whose helloworld a client of one is meant to reach, its own included: with mutual TLS off, those of its network. */
  reachableFrom: (site: Site) => Site[]
  helloworld: { origin: string; url: string; cluster: string }
  /** Every version of helloworld, wherever it runs. */
  versions: string[]
  /** Where remote clusters are told to find their control plane. */
  discoveryAddress: () => Promise<string | undefined>
  /** Applies a policy of fixtures/policies for as long as `during` runs, where control planes read their configuration. */
  withPolicy: <T>(name: string, during: () => Promise<T>) => Promise<T>
  /** Runs `during` where plaintext is allowed. */
  allowingPlaintext: <T>(during: () => Promise<T>) => Promise<T>
  /** A client in no cluster, beside all of them on the engine’s network, for as long as `during` runs. */
  besideClusters: <T>(during: (client: EngineClient) => Promise<T>) => Promise<T>
  /** Asks until it holds; false when it does not within the time (milliseconds). */
  eventually: (holds: () => Promise<boolean>, within?: number) => Promise<boolean>
  /** The explicit gateways’ addresses of meshNetworks, by network. */
  gateways: () => Promise<Record<string, string>>
  setGateways: (addresses: Record<string, string>) => Promise<void>
  placeholder: string
}

/** The handles of one attempt. A wait of it lasts `patience` milliseconds, and no longer than three times as much. */
export const meshOf = (lab: Lab, record: Recorder, patience: number, signal: AbortSignal): Mesh => {
  const versions = lab.clusters.map(({ version }) => version).sort()
  const clusters = lab.clusters.map((cluster) => siteOf(lab, cluster, record, { patience, versions: versions.length, signal }))
  const controlPlanes = lab.primaries.map((cluster) => controlPlaneOf(lab, cluster, record))
  const { mtls, procedure } = lab.topology
  const othersThan = ({ name }: Site): Site[] => clusters.filter((other) => other.name !== name)
  const onNetworkOf = (site: Site): Site[] => othersThan(site).filter(({ network }) => network === site.network)
  const withPolicy: Mesh['withPolicy'] = async (name, during) => {
    const policy = await fixture(`policies/${name}.yaml`, policyValues(lab))
    record.add({ probe: 'policy', applied: name, in: lab.primaries.map((primary) => primary.name), objects: policy.map((object) => `${object.kind ?? ''} ${refOf(object).name}`) })
    return holdingEverywhere(lab.primaries.map(({ kube }) => kube), policy, during)
  }
  return {
    mtls, clusters, controlPlanes, versions, placeholder, othersThan, onNetworkOf, withPolicy,
    primary: one(clusters, ({ name }) => name === lab.primary.name),
    remotes: clusters.filter(({ role }) => role === 'remote'),
    controlPlaneOf: ({ name }) => one(controlPlanes, ({ serves }) => serves.includes(name)),
    onOtherNetworks: (site) => othersThan(site).filter(({ network }) => network !== site.network),
    reachableFrom: (site) => [site, ...(mtls === 'off' ? onNetworkOf(site) : othersThan(site))],
    helloworld: { origin: 'http://helloworld.app1:5000', url: 'http://helloworld.app1:5000/hello', cluster: helloworldCluster },
    discoveryAddress: async () => procedures[procedure].discoveryAddress?.(lab, signal),
    allowingPlaintext: (during) => (mtls === 'off' ? during() : withPolicy('mtls-permissive', during)),
    eventually: (holds, within = patience) => until('', holds, { every: 200, within: Math.min(within, 3 * patience), signal }).then(() => true, (error: unknown) => {
      if (signal.aborted) throw error
      return false
    }),
    besideClusters: (during) => withEngineClient(lab.runId, record, during),
    gateways: async () => {
      const addresses = await readGatewayAddresses(lab.primary)
      record.add({ probe: 'meshNetworks', addresses })
      return addresses
    },
    setGateways: (addresses) => writeGatewayAddresses(lab.primary, addresses),
  }
}

/** What a policy’s placeholders stand for: seed 003’s DestinationRule names ISTIO_MUTUAL where mutual TLS is on, and nothing where it is off. */
const policyValues = ({ clusters, topology }: Lab): Record<string, string> => ({
  trafficpolicy: JSON.stringify(topology.mtls === 'strict' ? { tls: { mode: 'ISTIO_MUTUAL' } } : {}),
  clustersubsets: JSON.stringify(clusters.map(({ name }) => ({ name, labels: { 'topology.istio.io/cluster': name } }))),
  clusterroutes: JSON.stringify(clusters.map(({ name }) => ({
    match: [{ sourceLabels: { 'topology.istio.io/cluster': name } }],
    route: [{ destination: { host: 'helloworld.app1.svc.cluster.local', subset: name } }],
  }))),
})

const holdingEverywhere = async <T>([first, ...others]: KubeClient[], policy: Manifest[], during: () => Promise<T>): Promise<T> => {
  if (!first) return during()
  const undo = await putInPlace(first, policy)
  try {
    return await holdingEverywhere(others, policy, during)
  } finally {
    await undo()
  }
}

const one = <T>(all: T[], is: (one: T) => boolean): T => {
  const found = all.find(is)
  if (found === undefined) throw new Error('the topology has no such cluster')
  return found
}
