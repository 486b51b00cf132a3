import type { V1Deployment } from '@kubernetes/client-node'
import { MeshproofError } from '#errors.ts'
import { istiodSelector } from '#istio/istiod-pods.ts'
import type { ContextCluster } from './contexts.ts'
import type { Reads } from './reads.ts'

/**
 * Requires that a cluster has Istio in a namespace: a control plane, an injector that leads there, or sidecars of an
 * injector that is gone. An injector that leads to a URL may belong to any namespace.
 * @throws MeshproofError MP-118 where the cluster has no Istio, MP-147 where its Istio is in another namespace.
 */
export const requireIstio = async (
  { context, kube }: ContextCluster,
  reads: Reads,
  istioNamespace: string,
): Promise<void> => {
  const [namespaces, istiods, injectors] = await Promise.all([reads.namespaces(), reads.istiods(), reads.injectors()])
  const exists = namespaces.some(({ metadata }) => metadata?.name === istioNamespace)
  const ledTo = injectors.flatMap(({ webhooks }) =>
    (webhooks ?? []).map(({ clientConfig }) => clientConfig.service?.namespace ?? istioNamespace),
  )
  if (exists && (istiods.length > 0 || ledTo.includes(istioNamespace))) return
  // The injector may have been deleted: pods with sidecars show that there was one.
  if (exists && injectors.length === 0 && (await reads.proxies()).length > 0) return
  // A user who may not list these in all namespaces only learns that there is none here.
  const everywhere = await kube
    .list<V1Deployment>({ apiVersion: 'apps/v1', kind: 'Deployment', selector: istiodSelector() })
    .catch(() => [])
  const elsewhere = [...everywhere.flatMap(({ metadata }) => metadata?.namespace ?? []), ...ledTo].filter(
    (namespace) => namespace !== istioNamespace && namespaces.some(({ metadata }) => metadata?.name === namespace),
  )
  const [other] = elsewhere
  if (other !== undefined)
    throw new MeshproofError('MP-147', {
      what: 'Istio is in another namespace',
      where: `context ${context}`,
      why: `nothing of it is in ${istioNamespace}; it is in ${[...new Set(elsewhere)].join(', ')}`,
      next: `Name it with --istio-namespace=${other}. In a mesh of several clusters it is the same in all of them.`,
    })
  throw new MeshproofError('MP-118', {
    what: 'The cluster has no Istio',
    where: `context ${context}`,
    why: exists ? 'there is neither an istiod nor a sidecar injector' : `there is no namespace ${istioNamespace}`,
    next: 'Name clusters that belong to a mesh; meshproof never installs one on clusters it did not create.',
  })
}
