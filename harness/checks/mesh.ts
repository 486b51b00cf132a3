import { refOf, type KubeClient, type Manifest } from '#kube/client.ts'
import { putInPlace } from '#kube/put-in-place.ts'
import { readUntil, until } from '#kube/until.ts'
import { watch } from '#kube/watch.ts'
import { echoService } from '#istio/echo.ts'
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
import { rulesFor } from './rules.ts'
import { withZones, type Zones } from './zones.ts'

/** The mesh as a check sees it. */
export type Mesh = {
  mtls: Mtls
  clusters: Cluster[]
  /** The cluster whose control plane serves the remotes, and those remotes. */
  primary: Cluster
  remotes: Cluster[]
  /** Every control plane. In an upgrade there is one for each revision that runs. */
  controlPlanes: ControlPlane[]
  controlPlaneOf: (cluster: Cluster) => ControlPlane
  /** The other clusters than this one: all of them, those on its network, and those on other networks. */
  othersThan: (cluster: Cluster) => Cluster[]
  onNetworkOf: (cluster: Cluster) => Cluster[]
  onOtherNetworks: (cluster: Cluster) => Cluster[]
  /**
   * The clusters whose helloworld a client of this cluster should reach, its own cluster included. With mutual TLS
   * off these are the clusters on its network.
   */
  reachableFrom: (cluster: Cluster) => Cluster[]
  /** The workloads’ namespace, the same in every cluster, and the host name of a service in it. */
  namespace: string
  hostOf: (service: string) => string
  /** The address of helloworld, and the name of its Envoy cluster. */
  helloworld: { origin: string; url: string; cluster: string }
  /** The address of helloworld-failover, whose pods checks take away for a while. */
  failover: { url: string }
  /** The host of the service whose only pods are the echo of a cluster. */
  echoHost: (cluster: Cluster) => string
  /** The SPIFFE identities that a service account of the workloads’ namespace has in clusters, sorted. */
  identities: (serviceAccount: string, clusters: Cluster[]) => string[]
  /** The versions of helloworld, in all clusters. */
  versions: string[]
  /** The addresses at which remote clusters may find their control plane. */
  discoveryAddresses: () => Promise<string[]>
  /** Applies a policy of fixtures/policies in every primary cluster while `during` runs. */
  withPolicy: <T>(name: string, during: () => Promise<T>) => Promise<T>
  /** The VirtualServices and DestinationRules of a service, in primary clusters, as far as they can be read. */
  rulesOf: (service: string) => Promise<string[]>
  /** Names hosts outside of the mesh, each by the address of its server, while `during` runs. */
  withOutsideHosts: <T>(hosts: { host: string; address: string }[], during: () => Promise<T>) => Promise<T>
  /** Deploys a service with pods in several zones of every cluster, and clients, while `during` runs. */
  withZones: <T>(during: (zones: Zones) => Promise<T>) => Promise<T>
  /** Allows plaintext while `during` runs. */
  allowingPlaintext: <T>(during: () => Promise<T>) => Promise<T>
  /**
   * Runs `during` with clients without a certificate. They are outside of all clusters where there is a place for
   * them, and otherwise in another cluster than the one they ask.
   */
  withStrangers: <T>(during: (strangerTo: (peer: Cluster) => Stranger) => Promise<T>) => Promise<T>
  /**
   * The reason to leave out a part of a check; undefined where the mesh withholds nothing that the part needs. The
   * evidence records the reason.
   */
  leftOut: (need: Need) => string | undefined
  /** Asks again until `holds` is true. Returns false when that takes longer than `within` (milliseconds). */
  eventually: (holds: () => Promise<boolean>, within?: number) => Promise<boolean>
  /**
   * Reads again until what was read is as expected, for `within` milliseconds at most, and returns what was read last.
   * @throws the error of the last reading, where it failed: what was not read is not judged.
   */
  readUntil: <T>(read: () => Promise<T>, isExpected: (read: T) => boolean, within?: number) => Promise<T>
  /** Looks every second, for `during` milliseconds, and returns what each look returned. */
  watch: <T>(look: () => Promise<T>, during: number) => Promise<T[]>
  /**
   * Sends requests to helloworld without a pause while `during` runs, from the clients of every cluster or of `from`.
   * Returns what became of the requests, in the order of the clusters.
   */
  underTraffic: (during: () => Promise<unknown>, from?: Cluster[]) => Promise<Traffic[]>
  /** The disruptions of this mesh. Only checks that disrupt use them, and they are planned only where it is allowed. */
  disruptions: () => Disruptions
  /** The upgrade in progress. */
  upgrade: () => TargetUpgrade
  /** The gateways’ addresses in meshNetworks, by network. */
  gateways: () => Promise<Record<string, string>>
  setGateways: (addresses: Record<string, string>) => Promise<void>
  placeholder: string
}

/** How long the waits of an attempt are. */
type Waits = {
  /** Milliseconds for one wait. A check may ask for up to three times as much. */
  patience: number
  /** How many times longer every wait is, where everything is slow (default: 1). */
  slowness?: number
}

/** The handle of the mesh for one attempt of a check. */
export const meshOf = (target: Target, record: Recorder, waits: Waits, signal: AbortSignal): Mesh => {
  const { slowness = 1 } = waits
  const patience = waits.patience * slowness
  const {
    mtls,
    besideClusters,
    namespaces: { mesh: namespace },
  } = target
  const hostOf = (service: string): string => `${service}.${namespace}.svc.${target.domain}`
  const origin = `http://helloworld.${namespace}:5000`
  const helloworld = { origin, url: `${origin}/hello`, cluster: `outbound|5000||${hostOf('helloworld')}` }
  const failover = { url: `http://helloworld-failover.${namespace}:5000/hello` }
  const primaries = primariesOf(target)
  const primary = required(primaries, () => true)
  const versions = target.clusters.map(({ version }) => version).sort()
  const limits = { patience, versions: versions.length, signal }
  const clusters = target.clusters.map((cluster) => clusterOf(target, cluster, record, limits))
  const controlPlanes = primaries.flatMap((cluster) =>
    (cluster.revisions ?? [undefined]).map((revision) => controlPlaneOf(target, cluster, revision, record)),
  )
  const othersThan = ({ name }: Cluster): Cluster[] => clusters.filter((other) => other.name !== name)
  const onNetworkOf = (cluster: Cluster): Cluster[] =>
    othersThan(cluster).filter(({ network }) => network === cluster.network)
  const withRules = <T>(rules: Manifest[], during: () => Promise<T>): Promise<T> =>
    withPolicyIn(
      primaries.map(({ kube }) => kube),
      rules,
      during,
    )
  const withPolicy: Mesh['withPolicy'] = async (name, during) => {
    const policy = await policyOf(name, target)
    record.add({
      probe: 'policy',
      applied: name,
      in: primaries.map(({ name: cluster }) => cluster),
      objects: policy.map((object) => `${object.kind ?? ''} ${refOf(object).name}`),
    })
    return withRules(policy, during)
  }
  const longest = (within = waits.patience): number => Math.min(within * slowness, 3 * patience)
  return {
    mtls,
    clusters,
    controlPlanes,
    versions,
    placeholder,
    othersThan,
    onNetworkOf,
    withPolicy,
    rulesOf: async (service) => {
      // What may not be read names nothing.
      const perPrimary = await Promise.all(primaries.map(({ kube }) => rulesFor(kube, hostOf(service)).catch(() => [])))
      return [...new Set(perPrimary.flat())]
    },
    namespace,
    primary: required(clusters, ({ name }) => name === primary.name),
    remotes: clusters.filter(({ role }) => role === 'remote'),
    controlPlaneOf: ({ name }) => required(controlPlanes, ({ serves }) => serves.includes(name)),
    onOtherNetworks: (cluster) => othersThan(cluster).filter(({ network }) => network !== cluster.network),
    reachableFrom: (cluster) => [cluster, ...(mtls === 'off' ? onNetworkOf(cluster) : othersThan(cluster))],
    hostOf,
    helloworld,
    failover,
    echoHost: ({ version }) => `${echoService(version)}.${namespace}`,
    identities: (serviceAccount, of) => {
      const domains = of.map(
        ({ name }) => required(target.clusters, (own) => own.name === name).trustDomain ?? target.trustDomain,
      )
      return [...new Set(domains)].map((domain) => `spiffe://${domain}/ns/${namespace}/sa/${serviceAccount}`).sort()
    },
    discoveryAddresses: () => target.discoveryAddresses(signal),
    withOutsideHosts: async (hosts, during) => {
      record.add({ probe: 'hosts outside of the mesh', hosts })
      const entries = await Promise.all(
        hosts.map(({ host, address }) =>
          fixture('policies/outside-host.yaml', { name: host.replaceAll('.', '-'), namespace, host, address }),
        ),
      )
      return withRules(entries.flat(), during)
    },
    withZones: (during) => withZones({ target, record, limits, hostOf, withRules }, during),
    allowingPlaintext: (during) => (mtls === 'off' ? during() : withPolicy('mtls-permissive', during)),
    readUntil: (read, isExpected, within) =>
      readUntil(read, isExpected, { every: 200, within: longest(within), signal }),
    eventually: (holds, within) =>
      until('', holds, { every: 200, within: longest(within), signal }).then(
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
      const clients = await Promise.all(from.map(({ sleep }) => sleep.askAlong(helloworld.url)))
      try {
        await during()
      } catch (error) {
        await Promise.allSettled(clients.map(({ stop }) => stop()))
        throw error
      }
      return Promise.all(clients.map(({ stop }) => stop()))
    },
    withStrangers: (during) =>
      besideClusters
        ? besideClusters(record, (stranger) => during(() => stranger))
        : during((peer) => required(othersThan(peer), () => true).outside),
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
 * The objects of fixtures/policies for a mesh. A field whose value is null is left out: where istiod validates, it
 * refuses an empty traffic policy, and Kubernetes refuses null.
 */
export const policyOf = async (name: string, target: Target): Promise<Manifest[]> => {
  const objects = await fixture(`policies/${name}.yaml`, policyValues(target))
  return JSON.parse(JSON.stringify(objects, (_, value: unknown) => value ?? undefined)) as Manifest[]
}

/**
 * The values of a policy’s placeholders. As in seed 003, the DestinationRule sets ISTIO_MUTUAL where mutual TLS is
 * on, and nothing where it is off.
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
  trafficpolicy: JSON.stringify(mtls === 'strict' ? { tls: { mode: 'ISTIO_MUTUAL' } } : null),
  // A cluster’s name may be invalid as the name of a subset, so the subset has the name of its version.
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

const withPolicyIn = async <T>(
  [first, ...others]: KubeClient[],
  policy: Manifest[],
  during: () => Promise<T>,
): Promise<T> => {
  if (!first) return during()
  const undo = await putInPlace(first, policy)
  try {
    return await withPolicyIn(others, policy, during)
  } finally {
    await undo()
  }
}

const required = <T>(candidates: T[], matches: (candidate: T) => boolean): T => {
  const match = candidates.find(matches)
  if (match === undefined) throw new Error('the topology has no such cluster')
  return match
}
