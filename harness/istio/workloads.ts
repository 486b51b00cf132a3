import type { Manifest } from '#kube/client.ts'
import { settled } from '#kube/roll-out.ts'
import type { Lab, LabCluster } from '#lab/lab.ts'
import { echoOf, echoReady } from './echo.ts'
import { fixture } from './fixture.ts'
import { injectionLabel } from './revision.ts'

/**
 * Where a mesh is tested: the namespace of the workloads and the one of clients outside the mesh, the same two in every
 * cluster.
 */
export type Namespaces = { mesh: string; outside: string }

/** The namespace of a lab’s workloads, as the seeds name it (seed 003). */
export const meshNamespace = 'app1'
const legacyNamespace = 'legacy'

/** The namespaces of a lab. */
export const labNamespaces: Namespaces = { mesh: meshNamespace, outside: legacyNamespace }

/**
 * The services of the workloads. Checks send requests to `helloworld`. Checks of failover delete pods, and therefore
 * use pods of their own, behind `helloworld-failover`. So they can run beside the other checks.
 */
export const services = ['helloworld', 'helloworld-failover'] as const

/** The name of a service of the workloads. */
export type Service = (typeof services)[number]

/** A namespace as a manifest. */
export const namespaceOf = (
  name: string,
  labels: Record<string, string>,
  annotations: Record<string, string> = {},
): Manifest => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels, annotations } })

/**
 * Creates the mesh's namespace and the services in it. A service without a pod is the stub that makes its name resolve
 * (seed 003).
 */
export const stubs = async (cluster: LabCluster): Promise<void> =>
  cluster.kube.apply([
    namespaceOf(meshNamespace, injectionLabel('default')),
    ...(await ofEachService((service) =>
      fixture('workloads/helloworld-service.yaml', { namespace: meshNamespace, service }),
    )),
  ])

/**
 * The lifecycle of a workload’s container, as JSON for a fixture. A container that drains goes on answering for five
 * seconds, while the mesh learns that its pod ends: that is longer than a busy lab needs. One that does not drain ends
 * at once, while requests are still on their way to it.
 */
export const lifecycleOf = (drains: boolean): string =>
  JSON.stringify(drains ? { preStop: { sleep: { seconds: 5 } } } : {})

/**
 * What the seeds deploy in a cluster: `sleep`, the services of helloworld and this cluster's version of each; outside
 * the mesh a second client. `roles` are the images by their roles. `drains` needs Kubernetes 1.30 or newer.
 */
export const workloadsOf = async (
  version: string,
  { mesh: namespace, outside }: Namespaces,
  roles: Record<string, string>,
  drains: boolean,
): Promise<Manifest[]> => {
  const { curl = '' } = roles
  // SERVICE_VERSION is the version that the program answers with: v3 and v4 run the program of v2.
  const helloworld = roles[`helloworld-${version}`] ?? roles['helloworld-v2'] ?? ''
  return [
    ...(await fixture('workloads/sleep.yaml', { namespace, curl })),
    ...(await fixture('workloads/sleep.yaml', { namespace: outside, curl })),
    ...(await ofEachService(async (service) => [
      ...(await fixture('workloads/helloworld-service.yaml', { namespace, service })),
      ...(await fixture('workloads/helloworld.yaml', {
        namespace,
        service,
        version,
        helloworld,
        lifecycle: lifecycleOf(drains),
        annotations: JSON.stringify(annotationsOf(service)),
      })),
    ])),
    ...(await fixture('workloads/stubless.yaml', { namespace, version })),
  ]
}

// A proxy stays until its last connection has ended. One that is no native sidecar starts beside its server instead of
// before it: a pod is back in 3 s instead of 5 s, which is what checks of failover wait for.
const annotationsOf = (service: Service): Record<string, string> => ({
  'proxy.istio.io/config': JSON.stringify({ proxyMetadata: { EXIT_ON_ZERO_ACTIVE_CONNECTIONS: 'true' } }),
  ...(service === 'helloworld-failover' ? { 'sidecar.istio.io/nativeSidecar': 'false' } : {}),
})

const ofEachService = async (manifestsOf: (service: Service) => Promise<Manifest[]>): Promise<Manifest[]> =>
  (await Promise.all(services.map(manifestsOf))).flat()

/** The deployments of a cluster's workloads, by namespace and name. */
export const deploymentsOf = (version: string, { mesh, outside }: Namespaces): (readonly [string, string])[] => [
  [mesh, 'sleep'],
  [outside, 'sleep'],
  ...services.map((service) => [mesh, `${service}-${version}`] as const),
]

/**
 * Deploys the workloads in a lab's cluster, and a pod that can capture the packets of the node; and echo, where the lab
 * has its image.
 */
export const deployWorkloads = async (
  cluster: LabCluster,
  { images, clusters }: Pick<Lab, 'images' | 'clusters'>,
): Promise<void> => {
  const { hub = '', tag = '' } = images.roles
  await stubs(cluster)
  const echo = images.echo && {
    cluster: cluster.name,
    version: cluster.version,
    namespaces: labNamespaces,
    image: images.echo.name,
    versions: clusters.map(({ version }) => version),
  }
  await cluster.kube.apply([
    namespaceOf(legacyNamespace, {}),
    ...(echo ? await echoOf(echo) : []),
    ...(await workloadsOf(cluster.version, labNamespaces, images.roles, true)),
    ...(await captureOf(legacyNamespace, `${hub}/proxyv2:${tag}`)),
    ...(cluster.role === 'primary' ? await newConnections(meshNamespace) : []),
  ])
}

/** The pod that captures the packets of its node. It runs `proxy`, an image of a proxy, which has tcpdump. */
export const captureOf = (namespace: string, proxy: string): Promise<Manifest[]> =>
  fixture('workloads/capture.yaml', { namespace, proxy })

/**
 * The rule by which every request comes on a connection of its own. It belongs in the cluster of the control plane,
 * which gives it to the proxies of remote clusters too.
 */
export const newConnections = (namespace: string): Promise<Manifest[]> =>
  ofEachService((service) => fixture('workloads/new-connections.yaml', { namespace, service }))

/** Waits until every workload of a lab's cluster is rolled out. @throws MeshproofError MP-401 after two minutes. */
export const workloadsReady = async (
  cluster: LabCluster,
  { images }: Pick<Lab, 'images'>,
  signal: AbortSignal,
): Promise<void> => {
  await Promise.all([
    ...(images.echo ? [echoReady(cluster, labNamespaces, signal)] : []),
    ...[...deploymentsOf(cluster.version, labNamespaces), [legacyNamespace, 'capture'] as const].map(
      ([namespace, name]) => settled(cluster, { namespace, name }, signal),
    ),
  ])
}

const { mesh, outside } = labNamespaces

/** The deployments of a cluster that an upgrade restarts, by namespace and name: they get the new proxy. */
export const restartedDeployments = ({ version }: Pick<LabCluster, 'version'>): (readonly [string, string])[] => [
  ...deploymentsOf(version, labNamespaces).filter(([namespace]) => namespace === mesh),
  [mesh, 'probe-target'],
  [mesh, 'prober-restarted'],
]

/** The deployments of probes that stay as they are during an upgrade: with the old proxy, or without one. */
export const keptDeployments: (readonly [string, string])[] = [
  [mesh, 'prober'],
  [mesh, 'prober-stranger'],
  [outside, 'prober'],
  [outside, 'probe-target'],
]
