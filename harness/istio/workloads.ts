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

/** A lab’s: the workloads are in the seeds’ namespace (seed 003). */
export const meshNamespace = 'app1'
export const legacyNamespace = 'legacy'
export const labNamespaces: Namespaces = { mesh: meshNamespace, outside: legacyNamespace }

/**
 * The services of the workloads. Checks ask `helloworld`. Those that take pods away for a while do so with pods of
 * their own, behind `helloworld-failover`, and so can run beside the others.
 */
export const services = ['helloworld', 'helloworld-failover'] as const

/** The name of such a service. */
export type Service = (typeof services)[number]

/** A namespace as a manifest. */
export const namespaceOf = (
  name: string,
  labels: Record<string, string>,
  annotations: Record<string, string> = {},
): Manifest => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels, annotations } })

/**
 * The mesh's namespace and the services in it: where no pod is behind one, it is the stub that makes its name resolve
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
 * The life of a workload’s container, for a fixture: one that drains goes on answering while the mesh learns that it
 * goes, longer than a busy lab takes for that; one that does not drain ends as soon as it is told to, while requests
 * are still on their way to it.
 */
export const lifecycleOf = (drains: boolean): string =>
  JSON.stringify(drains ? { preStop: { sleep: { seconds: 5 } } } : {})

/**
 * What the seeds deploy in a cluster: `sleep`, the services of helloworld and this cluster's version of each; outside
 * the mesh a second client. `roles` are the images by what they are for. Helloworld drains where Kubernetes knows how
 * to (1.30), as in labs.
 */
export const workloadsOf = async (
  version: string,
  { mesh: namespace, outside }: Namespaces,
  roles: Record<string, string>,
  drains: boolean,
): Promise<Manifest[]> => {
  const { curl = '' } = roles
  // Which version it says it is, is told to it: a third and a fourth run the program of the second.
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
 * Deploys them in a lab's cluster, and a pod that can capture what passes the node; and echo, where the lab has its
 * image.
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

/** The pod that captures what passes its node; a proxy's image has tcpdump. */
export const captureOf = (namespace: string, proxy: string): Promise<Manifest[]> =>
  fixture('workloads/capture.yaml', { namespace, proxy })

/**
 * The rule by which every request comes on a connection of its own. Proxies of a remote cluster read it where their
 * control plane is.
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

/** Those of the probes that stay through an upgrade, on the old proxy or on none. */
export const keptDeployments: (readonly [string, string])[] = [
  [mesh, 'prober'],
  [mesh, 'prober-stranger'],
  [outside, 'prober'],
  [outside, 'probe-target'],
]
