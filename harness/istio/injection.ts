import type { V1Deployment, V1MutatingWebhookConfiguration, V1Namespace } from '@kubernetes/client-node'
import { MeshproofError } from '#errors.ts'
import { podsOf, type DeploymentRef } from '#kube/roll-out.ts'
import { until } from '#kube/until.ts'
import type { Lab, LabCluster } from '#lab/lab.ts'
import { istiodSelector } from './istiod-pods.ts'
import { injectionLabels, injectorOf, revisionOf } from './revision.ts'

/** The namespaces of a cluster whose pods get sidecars, by whichever label. */
const injectedNamespaces = async ({ kube }: LabCluster): Promise<string[]> =>
  (await kube.list<V1Namespace>({ apiVersion: 'v1', kind: 'Namespace' }))
    .filter(
      ({ metadata }) =>
        metadata?.labels?.['istio-injection'] === 'enabled' || metadata?.labels?.['istio.io/rev'] !== undefined,
    )
    .map(({ metadata }) => metadata?.name ?? '')

/**
 * Has the injected namespaces of a cluster ask for the sidecars of a revision, or of the default one; pods get them
 * when they start.
 */
export const askForSidecars = async (cluster: LabCluster, of: Parameters<typeof injectionLabels>[0]): Promise<void> => {
  const labels = injectionLabels(of)
  for (const name of await injectedNamespaces(cluster))
    await cluster.kube.merge({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: labels as Record<string, string> },
    })
}

/** The deployments of a cluster’s injected namespaces of which a pod’s sidecar is of a revision. */
export const deploymentsUnder = async (cluster: LabCluster, revision: string): Promise<DeploymentRef[]> => {
  const namespaces = await injectedNamespaces(cluster)
  const deployments = (
    await Promise.all(
      namespaces.map((namespace) =>
        cluster.kube.list<V1Deployment>({ apiVersion: 'apps/v1', kind: 'Deployment', namespace }),
      ),
    )
  )
    .flat()
    .map(({ metadata }) => ({ namespace: metadata?.namespace ?? '', name: metadata?.name ?? '' }))
  const under = await Promise.all(
    deployments.map(async (deployment) =>
      (await podsOf(cluster.kube, deployment)).some(
        ({ metadata }) => metadata?.annotations?.['istio.io/rev'] === revision,
      ),
    ),
  )
  return deployments.filter((_, index) => under[index])
}

/**
 * Waits until a control plane has given the API server of a cluster what its injector is trusted by.
 * @throws MeshproofError MP-401 after 60 s.
 */
export const injectorTrusted = ({ name, kube }: LabCluster, { topology }: Lab, signal: AbortSignal): Promise<unknown> =>
  until(
    `${name}’s API server trusts the injector`,
    async () => {
      const injector = await kube.get<V1MutatingWebhookConfiguration>({
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'MutatingWebhookConfiguration',
        name: injectorOf(topology),
      })
      return injector?.webhooks?.every(({ clientConfig }) => clientConfig.caBundle)
    },
    { every: 250, within: 60_000, signal },
  )

/**
 * Requires that a cluster’s control plane and injectors are of the revision of `topology`, and of no other.
 * @throws MeshproofError MP-520 when something of another is left.
 */
export const requireOnly = async (
  { name, kube, role, istioNamespace }: LabCluster,
  { topology }: Lab,
): Promise<void> => {
  const [istiods, injectors] = await Promise.all([
    kube.list({ apiVersion: 'apps/v1', kind: 'Deployment', namespace: istioNamespace, selector: istiodSelector() }),
    kube.list({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      selector: 'app=sidecar-injector',
    }),
  ])
  const others = [...istiods, ...injectors].filter(
    ({ metadata }) => metadata?.labels?.['istio.io/rev'] !== revisionOf(topology),
  )
  const missing = [
    ...(role === 'primary' && istiods.length === 0 ? ['istiod'] : []),
    ...(injectors.length === 0 ? ['an injector'] : []),
  ]
  if (others.length === 0 && missing.length === 0) return
  throw new MeshproofError('MP-520', {
    what: `The control plane is not of revision ${revisionOf(topology)} alone`,
    where: name,
    why: [
      ...others.map(({ metadata }) => `${metadata?.name ?? ''} is of ${metadata?.labels?.['istio.io/rev'] ?? 'none'}`),
      ...missing.map((part) => `${part} is missing`),
    ].join(', '),
    next: `kubectl -n ${istioNamespace} get deployments,mutatingwebhookconfigurations --show-labels`,
  })
}
