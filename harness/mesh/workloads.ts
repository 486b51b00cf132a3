import { isRolledOut } from '../kube/pods.ts'
import { until } from '../kube/until.ts'
import type { Images } from '../images/images.ts'
import type { LabCluster } from '../lab/lab.ts'
import { fixture } from './gateway.ts'

/** The namespace of the workloads (seed 003) and the one of clients outside the mesh. */
export const meshNamespace = 'app1'
export const legacyNamespace = 'legacy'

const namespaceOf = (name: string, labels: Record<string, string>): { apiVersion: string; kind: string; metadata: { name: string; labels: Record<string, string> } } =>
  ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } })

/** Deploys what the seeds deploy: `sleep`, the service of helloworld, this cluster's version of it; and a client without a sidecar. */
export const deployWorkloads = async (cluster: LabCluster, images: Images): Promise<void> => {
  const curl = images.roles['curl'] ?? ''
  await cluster.kube.apply([
    namespaceOf(meshNamespace, { 'istio-injection': 'enabled' }),
    namespaceOf(legacyNamespace, {}),
    ...(await fixture('workloads/sleep.yaml', { namespace: meshNamespace, curl })),
    ...(await fixture('workloads/sleep.yaml', { namespace: legacyNamespace, curl })),
    ...(await fixture('workloads/helloworld.yaml', { version: cluster.version, helloworld: images.roles[`helloworld-${cluster.version}`] ?? '' })),
    ...(await fixture('workloads/stubless.yaml', { cluster: cluster.name })),
  ])
}

/** Waits until every workload of a cluster is rolled out. @throws MeshproofError MP-401 after two minutes. */
export const workloadsReady = async (cluster: LabCluster, signal: AbortSignal): Promise<void> => {
  const deployments = [[meshNamespace, 'sleep'], [legacyNamespace, 'sleep'], [meshNamespace, `helloworld-${cluster.version}`]] as const
  await Promise.all(deployments.map(([namespace, name]) =>
    until(`${namespace}/${name} is ready in ${cluster.name}`, () => isRolledOut(cluster.kube, namespace, name), { every: 250, within: 120_000, signal })))
}
