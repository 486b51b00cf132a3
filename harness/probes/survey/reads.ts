import type {
  CoreV1Event,
  KubernetesObject,
  V1ConfigMap,
  V1DaemonSet,
  V1Deployment,
  V1EndpointSlice,
  V1Lease,
  V1MutatingWebhookConfiguration,
  V1Namespace,
  V1NetworkPolicy,
  V1Node,
  V1Pod,
  V1Secret,
  V1Service,
  V1ServiceCIDR,
  V1StatefulSet,
  V1ValidatingWebhookConfiguration,
} from '@kubernetes/client-node'
import { MeshproofError } from '#errors.ts'
import type { KubeClient, Manifest } from '#kube/client.ts'
import { istiodSelector } from '#istio/istiod-pods.ts'
import { hasEnvoy } from '#istio/proxy-container.ts'
import { defaultIstioNamespace } from '#topology/topology-schema.ts'
import { kubernetes } from '#kube/library.ts'

/**
 * What is read of an existing cluster: each thing at most once, so that all readers get the same, and only with `get`
 * and `list`. Each read throws MeshproofError MP-402 where the user of the context may not read it.
 */
export type Reads = {
  /** The Kubernetes version of the API server. */
  version: () => Promise<string>
  namespaces: () => Promise<V1Namespace[]>
  nodes: () => Promise<V1Node[]>
  /** Ranges of service addresses; none where the API server does not tell them (before Kubernetes 1.33). */
  serviceCidrs: () => Promise<V1ServiceCIDR[]>
  services: () => Promise<V1Service[]>
  slices: () => Promise<V1EndpointSlice[]>
  /** Control planes of the root namespace, and their pods. */
  istiods: () => Promise<V1Deployment[]>
  istiodPods: () => Promise<V1Pod[]>
  /** Every pod. */
  pods: () => Promise<V1Pod[]>
  /** Running pods with a proxy: sidecars and gateways. */
  proxies: () => Promise<V1Pod[]>
  /** Every pod of a namespace. */
  podsIn: (namespace: string) => Promise<V1Pod[]>
  deployments: () => Promise<V1Deployment[]>
  /** What makes pods by a template, without what may not be read. */
  workloads: () => Promise<WithTemplate[]>
  /** What runs on every node, as kube-proxy. */
  daemonSets: () => Promise<V1DaemonSet[]>
  /** What happened in a namespace, in Kubernetes’ words. */
  events: (namespace: string) => Promise<CoreV1Event[]>
  /** What each node’s kubelet renews by its own clock. */
  nodeLeases: () => Promise<V1Lease[]>
  networkPolicies: () => Promise<V1NetworkPolicy[]>
  /** The sidecar injectors, revisions and tags included. */
  injectors: () => Promise<V1MutatingWebhookConfiguration[]>
  /** Istio’s validating webhooks. */
  validators: () => Promise<V1ValidatingWebhookConfiguration[]>
  /** A config map of the root namespace. */
  configMap: (name: string) => Promise<V1ConfigMap | undefined>
  /** The secrets of Istio’s root namespace. Their values stay in memory. */
  secrets: () => Promise<V1Secret[]>
  /**
   * Istio’s own objects of a kind, in every namespace, that the control planes here read; none where the cluster does
   * not know the kind.
   */
  istio: (kind: IstioKind) => Promise<Manifest[]>
  /** Those that they leave out: labelled with a revision that none of them has. */
  istioOfOthers: (kind: IstioKind) => Promise<Manifest[]>
  /** Gateways of the Gateway API; none where the cluster does not know them. */
  gatewayResources: () => Promise<Manifest[]>
  /** Sets of more listeners for such Gateways, that the control planes here read; none where they are not known. */
  listenerSets: () => Promise<Manifest[]>
  /** Classes of Gateways; none where the cluster does not know them. */
  gatewayClasses: () => Promise<Manifest[]>
}

/** An object that makes pods by a template. */
export type WithTemplate = V1Deployment | V1StatefulSet | V1DaemonSet

const istioKinds = {
  DestinationRule: 'networking.istio.io/v1',
  EnvoyFilter: 'networking.istio.io/v1alpha3',
  Gateway: 'networking.istio.io/v1',
  ServiceEntry: 'networking.istio.io/v1',
  Sidecar: 'networking.istio.io/v1',
  VirtualService: 'networking.istio.io/v1',
  WorkloadEntry: 'networking.istio.io/v1',
  AuthorizationPolicy: 'security.istio.io/v1',
  PeerAuthentication: 'security.istio.io/v1',
} as const

/** A kind of Istio’s own objects. */
export type IstioKind = keyof typeof istioKinds

/** The reads of one cluster with Istio in a namespace. Its istiods may run in another cluster, behind `istiodKube`. */
export const readsOf = (
  kube: KubeClient,
  istioNamespace = defaultIstioNamespace,
  istiodKube: KubeClient = kube,
): Reads => {
  const once = <T>(ask: () => Promise<T>): (() => Promise<T>) => {
    let answer: Promise<T> | undefined
    return () => (answer ??= ask())
  }
  const listed = <T extends KubernetesObject>(
    apiVersion: string,
    kind: string,
    more: { namespace?: string; selector?: string } = {},
    from = kube,
  ): (() => Promise<T[]>) => once(() => from.list<T>({ apiVersion, kind, ...more }))
  const perName = <T>(ask: (name: string) => Promise<T>): ((name: string) => Promise<T>) => {
    const asked = new Map<string, () => Promise<T>>()
    return (name) => {
      const read = asked.get(name) ?? once(() => ask(name))
      asked.set(name, read)
      return read()
    }
  }
  const pods = listed<V1Pod>('v1', 'Pod')
  const deployments = listed<V1Deployment>('apps/v1', 'Deployment')
  const daemonSets = listed<V1DaemonSet>('apps/v1', 'DaemonSet')
  const ofIstiod = { namespace: istioNamespace, selector: istiodSelector() }
  const istiods = listed<V1Deployment>('apps/v1', 'Deployment', ofIstiod, istiodKube)
  const isRead = once(async () => {
    const revisions = (await istiods().catch((): V1Deployment[] => [])).map(revisionOf)
    return (object: Manifest): boolean => revisions.length === 0 || isReadBy(revisions, object)
  })
  const ofKind = perName((kind) => known(kube.list<Manifest>({ apiVersion: istioKinds[kind as IstioKind], kind })))
  return {
    version: once(async () =>
      (await kube.config.makeApiClient(kubernetes().VersionApi).getCode()).gitVersion.replace(/^v/, ''),
    ),
    namespaces: listed('v1', 'Namespace'),
    nodes: listed('v1', 'Node'),
    serviceCidrs: once(() =>
      known(kube.list<V1ServiceCIDR>({ apiVersion: 'networking.k8s.io/v1', kind: 'ServiceCIDR' })),
    ),
    services: listed('v1', 'Service'),
    slices: listed('discovery.k8s.io/v1', 'EndpointSlice'),
    istiods,
    istiodPods: listed('v1', 'Pod', ofIstiod, istiodKube),
    pods,
    proxies: once(async () =>
      (await pods()).filter(
        (pod) => hasEnvoy(pod) && !pod.metadata?.deletionTimestamp && pod.status?.phase === 'Running',
      ),
    ),
    deployments,
    workloads: once(async () => {
      const kinds: Promise<WithTemplate[]>[] = [
        deployments(),
        kube.list<V1StatefulSet>({ apiVersion: 'apps/v1', kind: 'StatefulSet' }),
        daemonSets(),
      ]
      return (await Promise.all(kinds.map((kind) => kind.catch((): WithTemplate[] => [])))).flat()
    }),
    daemonSets,
    events: perName((namespace) => kube.list<CoreV1Event>({ apiVersion: 'v1', kind: 'Event', namespace })),
    nodeLeases: listed('coordination.k8s.io/v1', 'Lease', { namespace: 'kube-node-lease' }),
    networkPolicies: listed('networking.k8s.io/v1', 'NetworkPolicy'),
    validators: once(async () =>
      (
        await kube.list<V1ValidatingWebhookConfiguration>({
          apiVersion: 'admissionregistration.k8s.io/v1',
          kind: 'ValidatingWebhookConfiguration',
        })
      ).filter(({ webhooks }) => webhooks?.some(({ name }) => name.endsWith('validation.istio.io'))),
    ),
    injectors: listed('admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration', {
      selector: 'app=sidecar-injector',
    }),
    podsIn: async (namespace) => (await pods()).filter(({ metadata }) => metadata?.namespace === namespace),
    configMap: perName((name) =>
      kube.get<V1ConfigMap>({ apiVersion: 'v1', kind: 'ConfigMap', name, namespace: istioNamespace }),
    ),
    secrets: listed('v1', 'Secret', { namespace: istioNamespace }),
    gatewayResources: once(() =>
      known(kube.list<Manifest>({ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway' })),
    ),
    gatewayClasses: once(() =>
      known(kube.list<Manifest>({ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'GatewayClass' })),
    ),
    listenerSets: once(async () => {
      const sets = await known(kube.list<Manifest>({ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'ListenerSet' }))
      return sets.filter(await isRead())
    }),
    istio: perName(async (kind) => (await ofKind(kind)).filter(await isRead())),
    istioOfOthers: perName(async (kind) => {
      const reads = await isRead()
      return (await ofKind(kind)).filter((object) => !reads(object))
    }),
  }
}

const revisionOf = ({ metadata }: V1Deployment): string => metadata?.labels?.['istio.io/rev'] ?? 'default'

// istiod goes by the label itself: it does not resolve a tag there.
const isReadBy = (revisions: readonly string[], { metadata }: Manifest): boolean => {
  const revision = metadata?.labels?.['istio.io/rev']
  return revision === undefined || revisions.includes(revision)
}

// A kind that an API server does not know has no objects; the client says so before it asks.
const known = <T>(asked: Promise<T[]>): Promise<T[]> =>
  asked.catch((error: unknown) => {
    if (
      error instanceof MeshproofError &&
      (error.code === 'MP-404' || /Unrecognized API version and kind/.test(error.message))
    )
      return []
    throw error
  })
