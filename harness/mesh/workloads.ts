import { isRolledOut } from '../kube/pods.ts'
import { until } from '../kube/until.ts'
import type { Images } from '../images/images.ts'
import type { LabCluster } from '../lab/lab.ts'
import { fixture } from './fixture.ts'

/** The namespace of the workloads (seed 003) and the one of clients outside the mesh. */
export const meshNamespace = 'app1'
export const legacyNamespace = 'legacy'

const namespaceOf = (name: string, labels: Record<string, string>): { apiVersion: string; kind: string; metadata: { name: string; labels: Record<string, string> } } =>
  ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } })

/** The mesh's namespace and the services in it: where no pod is behind one, it is the stub that makes its name resolve (seed 003). */
export const stubs = async (cluster: LabCluster): Promise<void> => cluster.kube.apply([
  namespaceOf(meshNamespace, { 'istio-injection': 'enabled' }),
  ...(await fixture('workloads/helloworld-service.yaml')),
])

/**
 * Deploys what the seeds deploy: `sleep`, the service of helloworld, this cluster's version of it; and outside the mesh a client
 * and a pod that can capture what passes the node.
 */
export const deployWorkloads = async (cluster: LabCluster, images: Images): Promise<void> => {
  const { hub = '', tag = '', curl = '' } = images.roles
  // Which version it says it is, is told to it: a third and a fourth run the program of the second.
  const helloworld = images.roles[`helloworld-${cluster.version}`] ?? images.roles['helloworld-v2'] ?? ''
  await stubs(cluster)
  await cluster.kube.apply([
    namespaceOf(legacyNamespace, {}),
    ...(await fixture('workloads/sleep.yaml', { namespace: meshNamespace, curl })),
    ...(await fixture('workloads/sleep.yaml', { namespace: legacyNamespace, curl })),
    ...(await fixture('workloads/helloworld.yaml', { version: cluster.version, helloworld })),
    ...(await fixture('workloads/stubless.yaml', { cluster: cluster.name })),
    ...(await fixture('workloads/capture.yaml', { proxy: `${hub}/proxyv2:${tag}` })),
    // Proxies of a remote cluster read it where their control plane is.
    ...(cluster.role === 'primary' ? await fixture('workloads/new-connections.yaml') : []),
  ])
}

/** Waits until every workload of a cluster is rolled out. @throws MeshproofError MP-401 after two minutes. */
export const workloadsReady = async (cluster: LabCluster, signal: AbortSignal): Promise<void> => {
  const deployments = [[meshNamespace, 'sleep'], [legacyNamespace, 'sleep'], [legacyNamespace, 'capture'], [meshNamespace, `helloworld-${cluster.version}`]] as const
  await Promise.all(deployments.map(([namespace, name]) =>
    until(`${namespace}/${name} is ready in ${cluster.name}`, () => isRolledOut(cluster.kube, namespace, name), { every: 250, within: 120_000, signal })))
}
