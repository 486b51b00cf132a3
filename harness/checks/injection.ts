import type { V1MutatingWebhookConfiguration, V1Pod } from '@kubernetes/client-node'
import { MeshproofError } from '#errors.ts'
import type { KubeClient } from '#kube/client.ts'
import { proxyOf, revisionOfPod, variableOf } from '#istio/proxy-container.ts'

/** What the mesh's webhook made of a new pod. */
export type Injection = {
  sidecar: boolean
  cluster?: string | undefined
  network?: string
  discovery?: string | undefined
  image?: string | undefined
  revision?: string | undefined
  refused?: string
}

/**
 * A webhook that injects: what a pod or namespace asks for it by in `istio.io/rev`, and the revision of the control
 * plane that answers.
 */
export type Injector = { name: string; selectedBy: string; revision: string }

/**
 * The webhooks of a cluster that inject, tags of revisions among them; those that `istioctl tag set` has put to sleep
 * select nothing and are left out.
 */
export const injectorsIn = async (kube: KubeClient): Promise<Injector[]> => {
  const found = await kube.list<V1MutatingWebhookConfiguration>({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    selector: 'app=sidecar-injector',
  })
  const awake = found.filter(({ webhooks = [] }) =>
    webhooks.some(({ namespaceSelector }) => namespaceSelector?.matchLabels?.['istio.io/deactivated'] === undefined),
  )
  return awake.map(({ metadata }) => {
    const revision = metadata?.labels?.['istio.io/rev'] ?? 'default'
    return { name: metadata?.name ?? '', selectedBy: metadata?.labels?.['istio.io/tag'] ?? revision, revision }
  })
}

/**
 * Asks the API server, webhooks included, what a new pod would become; one whose webhook does not answer is refused,
 * with the reason.
 */
export const injectedPod = async (
  kube: KubeClient,
  namespace: string,
  labels: Record<string, string>,
): Promise<Injection> => {
  const asked = await kube
    .dryRun<V1Pod>({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'meshproof-injection', namespace, labels },
      spec: { containers: [{ name: 'probe', image: 'none' }] },
    })
    .then(
      (pod) => ({ pod }),
      (error: unknown) => {
        if (error instanceof MeshproofError && error.code === 'MP-402') return { refused: error.message }
        throw error
      },
    )
  if ('refused' in asked) return { sidecar: false, refused: asked.refused }
  const { pod } = asked
  const sidecar = proxyOf(pod)
  return {
    sidecar: sidecar !== undefined,
    cluster: variableOf(sidecar, 'ISTIO_META_CLUSTER_ID'),
    network: variableOf(sidecar, 'ISTIO_META_NETWORK') ?? '',
    discovery: variableOf(sidecar, 'CA_ADDR'),
    image: sidecar?.image,
    revision: revisionOfPod(pod),
  }
}
