import type { V1MutatingWebhookConfiguration, V1Pod } from '@kubernetes/client-node'
import { MeshproofError } from '#errors.ts'
import type { KubeClient } from '#kube/client.ts'
import { proxyOf, revisionOfPod, variableOf } from '#istio/proxy-container.ts'

/** What the mesh’s webhook made of a new pod. */
export type Injection = {
  sidecar: boolean
  cluster?: string | undefined
  network?: string
  discovery?: string | undefined
  image?: string | undefined
  revision?: string | undefined
  refused?: string
  /** True where the proxy answers DNS for every service of the mesh, those of other clusters included. */
  capturesDns?: boolean
}

/**
 * A webhook that injects sidecars: the value of `istio.io/rev` by which pods and namespaces select it, and the
 * revision of its control plane.
 */
export type Injector = { name: string; selectedBy: string; revision: string }

/**
 * The webhooks of a cluster that inject sidecars, with the tags of revisions. It leaves out those that `istioctl tag
 * set` has deactivated.
 */
export const injectorsIn = async (kube: KubeClient): Promise<Injector[]> => {
  const found = await kube.list<V1MutatingWebhookConfiguration>({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    selector: 'app=sidecar-injector',
  })
  const active = found.filter(({ webhooks = [] }) =>
    webhooks.some(({ namespaceSelector }) => namespaceSelector?.matchLabels?.['istio.io/deactivated'] === undefined),
  )
  return active.map(({ metadata }) => {
    const revision = metadata?.labels?.['istio.io/rev'] ?? 'default'
    return { name: metadata?.name ?? '', selectedBy: metadata?.labels?.['istio.io/tag'] ?? revision, revision }
  })
}

/**
 * Asks the API server, with its webhooks, what a new pod would become. `refused` is the reason where the API server
 * refuses the pod, as it does when the webhook does not answer.
 */
export const injectedPod = async (
  kube: KubeClient,
  namespace: string,
  labels: Record<string, string>,
): Promise<Injection> => {
  const outcome = await kube
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
  if ('refused' in outcome) return { sidecar: false, refused: outcome.refused }
  const { pod } = outcome
  const sidecar = proxyOf(pod)
  return {
    sidecar: sidecar !== undefined,
    cluster: variableOf(sidecar, 'ISTIO_META_CLUSTER_ID'),
    network: variableOf(sidecar, 'ISTIO_META_NETWORK') ?? '',
    capturesDns: variableOf(sidecar, 'ISTIO_META_DNS_CAPTURE') === 'true',
    discovery: variableOf(sidecar, 'CA_ADDR'),
    image: sidecar?.image,
    revision: revisionOfPod(pod),
  }
}
