import { refOf, type KubeClient, type Manifest } from '#kube/client.ts'
import { putInPlace } from '#kube/put-in-place.ts'
import { until } from '#kube/until.ts'
import { watch } from '#kube/watch.ts'
import { fixture } from '#istio/fixture.ts'
import { placeholder, readGatewayAddresses, writeGatewayAddresses } from '#istio/mesh-networks.ts'
import { primariesOf } from '#topology/roles.ts'
import type { Mtls } from '#topology/topology-file.ts'
import type { Disruptions } from '#operations/disruptions.ts'
import type { Traffic } from '#probes/traffic.ts'
import { controlPlaneOf, type ControlPlane } from './control-plane.ts'
import type { Recorder } from './evidence.ts'
import { upgradeOf, type Target, type Need, type Stranger, type TargetUpgrade } from './target.ts'
import { clusterOf, type Cluster } from './cluster.ts'

/** The mesh as a check sees it. */
export type Mesh = {
  mtls: Mtls
  clusters: Cluster[]
  /** The cluster whose control plane serves the remotes, and those remotes. */
  primary: Cluster
  remotes: Cluster[]
  /** Every control plane; within an upgrade one for each revision that runs. */
  controlPlanes: ControlPlane[]
  controlPlaneOf: (cluster: Cluster) => ControlPlane
  /** The clusters other than one: all, those on its network, those on others. */
  othersThan: (cluster: Cluster) => Cluster[]
  onNetworkOf: (cluster: Cluster) => Cluster[]
  onOtherNetworks: (cluster: Cluster) => Cluster[]
  /**
   * The clusters whose helloworld a client of one is meant to reach, its own included: with mutual TLS off, those of
   * its network.
   */
  reachableFrom: (cluster: Cluster) => Cluster[]
  /** The workloads’ namespace, the same in every cluster, and the name of a service in it. */
  namespace: string
  hostOf: (service: string) => string
  /** Where clients ask for helloworld, and Istio’s name for their route to it. */
  helloworld: { origin: string; url: string; cluster: string }
  /** The SPIFFE identity of a service account of the workloads’ namespace. */
  identity: (serviceAccount: string) => string
  /** Every version of helloworld, wherever it runs. */
  versions: string[]
  /** Where remote clusters may find their control plane. */
  discoveryAddresses: () => Promise<string[]>
  /**
   * Applies a policy of fixtures/policies for as long as `during` runs, where control planes read their configuration.
   */
  withPolicy: <T>(name: string, during: () => Promise<T>) => Promise<T>
  /** Runs `during` where plaintext is allowed. */
  allowingPlaintext: <T>(during: () => Promise<T>) => Promise<T>
  /**
   * Clients without a certificate, for as long as `during` runs: in no cluster, where there is a place for one, else in
   * another cluster than the one they ask.
   */
  withStrangers: <T>(during: (strangerTo: (peer: Cluster) => Stranger) => Promise<T>) => Promise<T>
  /**
   * Why a part of a check has to be left out; undefined where this mesh withholds nothing it needs. The evidence says
   * so.
   */
  leftOut: (need: Need) => string | undefined
  /** Asks until it holds; false when it does not within the time (milliseconds). */
  eventually: (holds: () => Promise<boolean>, within?: number) => Promise<boolean>
  /** Looks every second, for so long (milliseconds), and returns all that was seen. */
  watch: <T>(look: () => Promise<T>, during: number) => Promise<T[]>
  /**
   * Runs `during` while clients ask for helloworld without end: those of every cluster, or of some. Returns what became
   * of their requests, in the order of the clusters.
   */
  underTraffic: (during: () => Promise<unknown>, from?: Cluster[]) => Promise<Traffic[]>
  /** What can be done to the mesh; only checks that disrupt ask for it, and they are planned where it can. */
  disruptions: () => Disruptions
  /** The upgrade that it is asked within. */
  upgrade: () => TargetUpgrade
  /** The explicit gateways’ addresses of meshNetworks, by network. */
  gateways: () => Promise<Record<string, string>>
  setGateways: (addresses: Record<string, string>) => Promise<void>
  placeholder: string
}

/** The handles of one attempt. A wait of it lasts `patience` milliseconds, and no longer than three times as much. */
export const meshOf = (target: Target, record: Recorder, patience: number, signal: AbortSignal): Mesh => {
  const {
    mtls,
    besideClusters,
    namespaces: { mesh: namespace },
  } = target
  const hostOf = (service: string): string => `${service}.${namespace}.svc.${target.domain}`
  const origin = `http://helloworld.${namespace}:5000`
  const helloworld = { origin, url: `${origin}/hello`, cluster: `outbound|5000||${hostOf('helloworld')}` }
  const primaries = primariesOf(target)
  const primary = one(primaries, () => true)
  const versions = target.clusters.map(({ version }) => version).sort()
  const clusters = target.clusters.map((cluster) =>
    clusterOf(target, cluster, record, { patience, versions: versions.length, signal }),
  )
  const controlPlanes = primaries.flatMap((cluster) =>
    (cluster.revisions ?? [undefined]).map((revision) => controlPlaneOf(target, cluster, revision, record)),
  )
  const othersThan = ({ name }: Cluster): Cluster[] => clusters.filter((other) => other.name !== name)
  const onNetworkOf = (cluster: Cluster): Cluster[] =>
    othersThan(cluster).filter(({ network }) => network === cluster.network)
  const withPolicy: Mesh['withPolicy'] = async (name, during) => {
    const policy = await fixture(`policies/${name}.yaml`, policyValues(target))
    record.add({
      probe: 'policy',
      applied: name,
      in: primaries.map(({ name: cluster }) => cluster),
      objects: policy.map((object) => `${object.kind ?? ''} ${refOf(object).name}`),
    })
    return holdingEverywhere(
      primaries.map(({ kube }) => kube),
      policy,
      during,
    )
  }
  return {
    mtls,
    clusters,
    controlPlanes,
    versions,
    placeholder,
    othersThan,
    onNetworkOf,
    withPolicy,
    namespace,
    primary: one(clusters, ({ name }) => name === primary.name),
    remotes: clusters.filter(({ role }) => role === 'remote'),
    controlPlaneOf: ({ name }) => one(controlPlanes, ({ serves }) => serves.includes(name)),
    onOtherNetworks: (cluster) => othersThan(cluster).filter(({ network }) => network !== cluster.network),
    reachableFrom: (cluster) => [cluster, ...(mtls === 'off' ? onNetworkOf(cluster) : othersThan(cluster))],
    hostOf,
    helloworld,
    identity: (serviceAccount) => `spiffe://${target.trustDomain}/ns/${namespace}/sa/${serviceAccount}`,
    discoveryAddresses: () => target.discoveryAddresses(signal),
    allowingPlaintext: (during) => (mtls === 'off' ? during() : withPolicy('mtls-permissive', during)),
    eventually: (holds, within = patience) =>
      until('', holds, { every: 200, within: Math.min(within, 3 * patience), signal }).then(
        () => true,
        (error: unknown) => {
          if (signal.aborted) throw error
          return false
        },
      ),
    watch: (look, during) => watch(look, during, signal),
    upgrade: () => upgradeOf(target),
    disruptions: () => {
      if (!target.disruptions) throw new Error('this check was planned in a mesh that is not ours to disrupt')
      return target.disruptions(signal)
    },
    underTraffic: async (during, from = clusters) => {
      const asking = await Promise.all(from.map(({ sleep }) => sleep.askAlong(helloworld.url)))
      try {
        await during()
      } catch (error) {
        await Promise.allSettled(asking.map(({ stop }) => stop()))
        throw error
      }
      return Promise.all(asking.map(({ stop }) => stop()))
    },
    withStrangers: (during) =>
      besideClusters
        ? besideClusters(record, (stranger) => during(() => stranger))
        : during((peer) => one(othersThan(peer), () => true).outside),
    leftOut: (need) => {
      const reason = target.withheld[need]
      if (reason !== undefined) record.add({ probe: 'left out', what: need, reason })
      return reason
    },
    gateways: async () => {
      const addresses = await readGatewayAddresses(primary)
      record.add({ probe: 'meshNetworks', addresses })
      return addresses
    },
    setGateways: (addresses) => writeGatewayAddresses(primary, addresses),
  }
}

/**
 * What a policy’s placeholders stand for: seed 003’s DestinationRule names ISTIO_MUTUAL where mutual TLS is on, and
 * nothing where it is off.
 */
const policyValues = ({
  clusters,
  mtls,
  namespaces,
  trustDomain,
  domain,
  policyNamespace,
}: Target): Record<string, string> => ({
  namespace: namespaces.mesh,
  host: `helloworld.${namespaces.mesh}.svc.${domain}`,
  policynamespace: policyNamespace,
  trustdomain: trustDomain,
  trafficpolicy: JSON.stringify(mtls === 'strict' ? { tls: { mode: 'ISTIO_MUTUAL' } } : {}),
  // A cluster’s name need not be one that a subset may have; its version is.
  clustersubsets: JSON.stringify(
    clusters.map(({ name, version }) => ({ name: version, labels: { 'topology.istio.io/cluster': name } })),
  ),
  clusterroutes: JSON.stringify(
    clusters.map(({ name, version }) => ({
      match: [{ sourceLabels: { 'topology.istio.io/cluster': name } }],
      route: [{ destination: { host: `helloworld.${namespaces.mesh}.svc.${domain}`, subset: version } }],
    })),
  ),
})

const holdingEverywhere = async <T>(
  [first, ...others]: KubeClient[],
  policy: Manifest[],
  during: () => Promise<T>,
): Promise<T> => {
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
