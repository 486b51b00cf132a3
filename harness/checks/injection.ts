import type { V1Pod } from '@kubernetes/client-node'
import { MeshproofError } from '../errors.ts'
import type { KubeClient } from '../kube/client.ts'
import { proxyOf, variableOf } from '../mesh/proxy-container.ts'

/** What the mesh's webhook made of a new pod. */
export type Injection = { sidecar: boolean; cluster?: string | undefined; network?: string; discovery?: string | undefined; refused?: string }

/** Asks the API server, webhooks included, what a new pod would become; one whose webhook does not answer is refused, with the reason. */
export const injectedPod = async (kube: KubeClient, namespace: string, labels: Record<string, string>): Promise<Injection> => {
  const asked = await kube.dryRun<V1Pod>({
    apiVersion: 'v1', kind: 'Pod', metadata: { name: 'meshproof-injection', namespace, labels }, spec: { containers: [{ name: 'probe', image: 'none' }] },
  }).then((pod) => ({ pod }), (error: unknown) => {
    if (error instanceof MeshproofError && error.code === 'MP-402') return { refused: error.message }
    throw error
  })
  if ('refused' in asked) return { sidecar: false, refused: asked.refused }
  const { pod } = asked
  const sidecar = proxyOf(pod)
  return {
    sidecar: sidecar !== undefined, cluster: variableOf(sidecar, 'ISTIO_META_CLUSTER_ID'), network: variableOf(sidecar, 'ISTIO_META_NETWORK') ?? '', discovery: variableOf(sidecar, 'CA_ADDR'),
  }
}
