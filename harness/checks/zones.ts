import type { V1EndpointSlice } from '@kubernetes/client-node'
import { MeshproofError, reasonOf } from '#errors.ts'
import { fixture } from '#istio/fixture.ts'
import type { KubeClient, Manifest } from '#kube/client.ts'
import { readyAddresses } from '#kube/endpoint-slices.ts'
import { isRolledOut } from '#kube/pods.ts'
import { putInPlace } from '#kube/put-in-place.ts'
import { until } from '#kube/until.ts'
import { weightsOf, type WeightedEndpoint } from '#probes/envoy.ts'
import { clientOf, type Client, type ClientLimits } from './client.ts'
import type { Cluster } from './cluster.ts'
import type { Recorder } from './evidence.ts'
import type { Target, TargetCluster } from './target.ts'

/** The zones of every cluster, and how many pods of the service `zones` are in each. The first is first by its name. */
export const podsOfZones = { a: 1, b: 2 } as const

/** A zone of a cluster. */
export type Zone = keyof typeof podsOfZones

/** The zones of every cluster, in their order. */
export const zoneNames: readonly Zone[] = ['a', 'b']

/** The region of a cluster, by its version; all of its zones are in it. */
export const regionOf = ({ version }: Pick<Cluster, 'version'>): string => `region-${version}`

/** A zone as Istio writes localities: `region-v1/zone-a`. */
export const localityOf = (cluster: Pick<Cluster, 'version'>, zone: Zone): string => `${regionOf(cluster)}/zone-${zone}`

/** The version that the pods of a zone answer with: `v1-a`. */
export const answerOf = ({ version }: Pick<Cluster, 'version'>, zone: Zone): string => `${version}-${zone}`

/** The traffic policy of a DestinationRule. */
export type TrafficPolicy = Record<string, unknown>

/** A service whose pods are in zones, with a client in the first zone of every cluster. */
export type Zones = {
  url: string
  /** The client of a cluster. It is in the cluster’s first zone. */
  clientIn: (cluster: Cluster) => Client
  /** The endpoints of the service as that client’s proxy knows them. */
  weights: (cluster: Cluster) => Promise<WeightedEndpoint[]>
  /** Scales the pods of a cluster’s zones, and waits until they are ready and its API server names no others. */
  scale: (cluster: Cluster, pods: Readonly<Record<Zone, number>>) => Promise<void>
  /** Sets a traffic policy for the service, in every control plane, while `during` runs. */
  withRule: <T>(policy: TrafficPolicy, during: () => Promise<T>) => Promise<T>
  /** Records which zones were found to count. */
  counted: (counted: string, facts: object) => void
}

/** What `withZones` needs: the mesh, and how long its clients wait. */
type ZonesOf = {
  target: Target
  record: Recorder
  limits: ClientLimits
  hostOf: (service: string) => string
  withRules: <T>(rules: Manifest[], during: () => Promise<T>) => Promise<T>
}

/** The longest wait for pods, in milliseconds. */
const longest = 60_000

/**
 * Deploys the service `zones` and its clients in every cluster while `during` runs, and deletes them afterwards. Istio
 * takes the locality of a pod from its label, so that the nodes need no labels.
 * @throws MeshproofError MP-603 where the pods are not ready in a minute.
 */
export const withZones = async <T>(
  { target, record, limits, hostOf, withRules }: ZonesOf,
  during: (zones: Zones) => Promise<T>,
): Promise<T> => {
  const { clusters, images = {}, namespaces } = target
  const { mesh: namespace } = namespaces
  const named = ({ name }: Cluster): TargetCluster => {
    const found = clusters.find((cluster) => cluster.name === name)
    if (!found) throw new Error(`the mesh has no cluster ${name}`)
    return found
  }
  const ready = (cluster: TargetCluster, pods: number, deployments: string[]): Promise<void> =>
    podsReady(cluster, { namespace, pods, deployments }, limits.signal)
  record.add({
    probe: 'zones',
    service: hostOf('zones'),
    pods: Object.fromEntries(
      clusters.flatMap((cluster) => zoneNames.map((zone) => [localityOf(cluster, zone), podsOfZones[zone]])),
    ),
  })
  const placed = await Promise.allSettled(
    clusters.map(async (cluster) => putInPlace(cluster.kube, await manifestsOf(cluster, namespace, images))),
  )
  try {
    for (const result of placed) if (result.status === 'rejected') throw result.reason
    await Promise.all(
      clusters.map((cluster) =>
        ready(cluster, allPods, ['zones-client', ...zoneNames.map((zone) => nameOf(cluster, zone))]),
      ),
    )
    return await during({
      url: `http://zones.${namespace}:5000/hello`,
      clientIn: (cluster) =>
        clientOf({ cluster: cluster.name, kube: named(cluster).kube, namespace, app: 'zones-client' }, record, limits),
      weights: (cluster) =>
        weightsOf(
          { kube: named(cluster).kube, namespace, selector: 'app=zones-client' },
          `outbound|5000||${hostOf('zones')}`,
        ),
      scale: async (cluster, pods) => {
        record.add({ probe: 'scale', cluster: cluster.name, service: 'zones', pods })
        for (const zone of zoneNames)
          await named(cluster).kube.merge({
            apiVersion: 'apps/v1',
            kind: 'Deployment',
            metadata: { name: nameOf(cluster, zone), namespace },
            spec: { replicas: pods[zone] },
          })
        // A deployment without pods is never “rolled out”: its status leaves zeros out.
        const some = zoneNames.filter((zone) => pods[zone] > 0).map((zone) => nameOf(cluster, zone))
        await ready(named(cluster), sum(Object.values(pods)), some)
      },
      withRule: async (policy, within) => {
        record.add({ probe: 'policy', applied: 'zones', trafficPolicy: policy })
        const rules = await fixture('policies/zones.yaml', {
          namespace,
          host: hostOf('zones'),
          trafficpolicy: JSON.stringify(policy),
        })
        return withRules(rules, within)
      },
      counted: (counted, facts) => {
        record.add({ probe: 'zones that count', counted, ...facts })
      },
    })
  } finally {
    await Promise.all(placed.flatMap((result) => (result.status === 'fulfilled' ? [result.value()] : [])))
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

const allPods = sum(Object.values(podsOfZones))

const nameOf = ({ version }: Pick<Cluster, 'version'>, zone: Zone): string => `zones-${version}-${zone}`

/** The service, the client and the pods of every zone. A label cannot hold `/`, so Istio reads a full stop there. */
const manifestsOf = async (
  cluster: TargetCluster,
  namespace: string,
  { curl = '', ...images }: Record<string, string>,
): Promise<Manifest[]> => {
  const { version } = cluster
  const helloworld = images[`helloworld-${version}`] ?? images['helloworld-v2'] ?? ''
  const label = (zone: Zone): string => localityOf(cluster, zone).replace('/', '.')
  const perZone = await Promise.all(
    zoneNames.map((zone) =>
      fixture('workloads/zone.yaml', {
        namespace,
        version,
        zone,
        helloworld,
        locality: label(zone),
        pods: String(podsOfZones[zone]),
      }),
    ),
  )
  return [...(await fixture('workloads/zones.yaml', { namespace, curl, locality: label('a') })), ...perZone.flat()]
}

/** Waits until deployments are rolled out, and the service has exactly so many ready pods in its cluster. */
const podsReady = async (
  { name, kube }: TargetCluster,
  { namespace, pods, deployments }: { namespace: string; pods: number; deployments: string[] },
  signal: AbortSignal,
): Promise<void> => {
  await until(
    `${pods} pods of zones are ready in ${name}`,
    async () => {
      const rolledOut = await Promise.all(deployments.map((deployment) => isRolledOut(kube, namespace, deployment)))
      return rolledOut.every(Boolean) && (await readyPods(kube, namespace)) === pods
    },
    { every: 250, within: longest, signal },
  ).catch((cause: unknown) => {
    if (signal.aborted) throw cause
    throw new MeshproofError('MP-603', {
      what: 'The pods that a check deploys are not ready',
      where: `${name}, ${namespace}/zones`,
      why: reasonOf(cause),
      next: 'This says nothing about the mesh; kubectl describe pod shows what they wait for.',
      cause,
    })
  })
}

const readyPods = async (kube: KubeClient, namespace: string): Promise<number> => {
  const slices = await kube.list<V1EndpointSlice>({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    namespace,
    selector: 'kubernetes.io/service-name=zones',
  })
  return readyAddresses(slices).length
}
