import type { V1Deployment, V1Pod } from '@kubernetes/client-node'
import type { KubeClient } from './client.ts'
import { isReady, isRolledOut } from './pods.ts'
import { until } from './until.ts'

/** Where a deployment is. */
export type DeploymentRef = { namespace: string; name: string }

/** Labels as a selector of the objects that have them all. */
export const selectorOf = (labels: Record<string, string> = {}): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',')

/** A deployment’s pods, those on their way out included; none where there is no such deployment. */
export const podsOf = async (kube: KubeClient, { namespace, name }: DeploymentRef): Promise<V1Pod[]> => {
  const deployment = await kube.get<V1Deployment>({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name })
  return deployment
    ? kube.list<V1Pod>({
        apiVersion: 'v1',
        kind: 'Pod',
        namespace,
        selector: selectorOf(deployment.spec?.selector.matchLabels),
      })
    : []
}

/**
 * Waits until a deployment’s newest pods are ready and none of its older ones is left: a pod that still drains is
 * still part of what happens.
 * @throws MeshproofError MP-401 when the time (milliseconds) is up, by default two minutes.
 */
export const settled = (
  cluster: { name: string; kube: KubeClient },
  { namespace, name }: DeploymentRef,
  signal: AbortSignal,
  within = 120_000,
): Promise<unknown> =>
  until(
    `${namespace}/${name} is ready in ${cluster.name}, and its older pods are gone`,
    async () =>
      (await isRolledOut(cluster.kube, namespace, name)) &&
      (await podsOf(cluster.kube, { namespace, name })).every(isReady),
    { every: 250, within, signal },
  )

/**
 * Restarts deployments as `kubectl rollout restart` does, all at once, and waits until they are settled.
 * @throws MeshproofError MP-401 when one is not within two minutes.
 */
export const restart = async (
  cluster: { name: string; kube: KubeClient },
  deployments: DeploymentRef[],
  signal: AbortSignal,
): Promise<void> => {
  const annotations = { 'kubectl.kubernetes.io/restartedAt': new Date().toISOString() }
  await Promise.all(
    deployments.map(async (deployment) => {
      await cluster.kube.merge({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: deployment,
        spec: { template: { metadata: { annotations } } },
      })
      await settled(cluster, deployment, signal)
    }),
  )
}
