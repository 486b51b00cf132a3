import { readFile } from 'node:fs/promises'
import type { V1CustomResourceDefinition, V1Deployment } from '@kubernetes/client-node'
import { stringify } from 'yaml'
import { MeshproofError } from '#errors.ts'
import type { GatewayApiFiles } from '#images/images.ts'
import type { KubeClient, Manifest, Ref } from '#kube/client.ts'
import { askForDefinedKinds } from '#kube/defined-kinds.ts'
import { settled } from '#kube/roll-out.ts'
import { until } from '#kube/until.ts'
import type { LabCluster } from '#lab/lab.ts'
import type { MeshShape, Topology } from '#topology/topology-file.ts'
import { crossNetworkPort, gatewayLabel, gatewayName } from './gateway.ts'
import type { GatewayInstallation } from './installation.ts'
import { istiodOf, revisionOf } from './revision.ts'

// East-west gateways as resources of the Gateway API: istiod makes the deployment and the service of a Gateway of class
// `istio` (Istio’s guide “Kubernetes Gateway API”, automated deployment).

const apiVersion = 'gateway.networking.k8s.io/v1'

/** The annotation by which every definition of the Gateway API says its release. */
const bundleVersion = 'gateway.networking.k8s.io/bundle-version'

/** The label of the objects that istiod makes for a Gateway. istiod changes no object without it. */
const managedLabel = { 'gateway.istio.io/managed': 'istio.io-gateway-controller' }

/** The label by which a Gateway’s service and deployment select its pods. */
const ofGateway = { 'gateway.networking.k8s.io/gateway-name': gatewayName }

/**
 * True where istiod makes a cluster’s gateway. istiod makes gateways in the cluster alone that it reads its
 * configuration from. A remote cluster has a gateway that is installed; as its service has the same name, istiod
 * configures it by the same Gateway.
 */
export const isMadeByIstiod = (
  { gateways, clusters }: Pick<MeshShape, 'gateways' | 'clusters'>,
  cluster: string,
): boolean => gateways === 'gateway-api' && clusters.some(({ name, role }) => name === cluster && role === 'primary')

/** The resource of a cluster’s east-west gateway. */
export const gatewayResourceRef = ({
  istioNamespace,
}: Pick<LabCluster, 'istioNamespace'>): Ref & { namespace: string } => ({
  apiVersion,
  kind: 'Gateway',
  name: gatewayName,
  namespace: istioNamespace,
})

/**
 * A Gateway with the values of an installation, and the config map by which istiod changes the deployment that it
 * makes. A Gateway that is found by its label has the label of its network. For one that `meshNetworks` names only the
 * option of its listener says that it passes every service on.
 */
export const gatewayResource = (installation: GatewayInstallation): Manifest[] => {
  const { name, istioNamespace, network, labelled, revision, ports } = installation
  return [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace: istioNamespace },
      data: { deployment: stringify(deploymentPatch(installation)) },
    },
    {
      ...header(gatewayResourceRef({ istioNamespace })),
      metadata: {
        name,
        namespace: istioNamespace,
        labels: {
          ...gatewayLabel,
          app: name,
          ...(labelled ? { 'topology.istio.io/network': network } : {}),
          ...(revision === undefined ? {} : { 'istio.io/rev': revision }),
        },
        // Without it the deployment and the service would be called istio-eastwestgateway-istio.
        annotations: { 'gateway.istio.io/name-override': name },
      },
      spec: {
        gatewayClassName: 'istio',
        infrastructure: { parametersRef: { group: '', kind: 'ConfigMap', name } },
        listeners: Object.entries(ports)
          .filter(([, port]) => port !== statusPort)
          .map(([listener, port]) => ({
            name: listener,
            port,
            protocol: 'TLS',
            ...(port === crossNetworkPort ? crossNetwork : { tls: { mode: 'Passthrough' } }),
          })),
      },
    },
  ]
}

const header = ({ kind }: Ref): { apiVersion: string; kind: string } => ({ apiVersion, kind })

/** istiod gives every Gateway’s service this port itself. */
const statusPort = 15021

const crossNetwork = {
  hostname: '*.local',
  tls: { mode: 'Passthrough', options: { 'gateway.istio.io/listener-protocol': 'auto-passthrough' } },
}

/** What istiod’s template of a gateway leaves open: how often it is asked whether it is ready, and its replicas. */
const deploymentPatch = ({ network, labelled, replicas }: GatewayInstallation): object => ({
  spec: {
    // A field that istiod writes, istiod restores. One replica is the default, and can be scaled.
    ...(replicas > 1 ? { replicas } : {}),
    template: {
      spec: {
        containers: [
          {
            name: 'istio-proxy',
            readinessProbe: { periodSeconds: 1 },
            ...(labelled ? {} : { env: [{ name: 'ISTIO_META_REQUESTED_NETWORK_VIEW', value: network }] }),
          },
        ],
      },
    },
  },
})

/**
 * The service of a Gateway ahead of the Gateway: the load balancer has its address before istiod runs. With its label
 * istiod takes it for its own.
 */
export const earlyService = (istioNamespace: string, ports: GatewayInstallation['ports']): Manifest => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    name: gatewayName,
    namespace: istioNamespace,
    labels: { ...managedLabel, ...gatewayLabel, app: gatewayName },
  },
  spec: {
    type: 'LoadBalancer',
    selector: ofGateway,
    ports: Object.entries(ports).map(([name, port]) => ({ name, port, protocol: 'TCP' })),
  },
})

/**
 * The routes by which the primary’s Gateway passes requests on to istiod: those of proxies at 15012, those of API
 * servers at 15017. The requested name decides which revision answers.
 */
export const istiodRoutes = (topology: Pick<Topology, 'revision' | 'istioNamespace'>): Manifest[] => {
  const { istioNamespace } = topology
  const istiod = istiodOf(topology)
  const route = (listener: string, port: number): Manifest => ({
    apiVersion,
    kind: 'TLSRoute',
    metadata: { name: `${istiod}-${listener}`, namespace: istioNamespace },
    spec: {
      parentRefs: [{ name: gatewayName, sectionName: listener }],
      hostnames: [`${istiod}.${istioNamespace}.svc`, `${istiod}.${istioNamespace}.svc.cluster.local`],
      rules: [{ backendRefs: [{ name: istiod, port }] }],
    },
  })
  return [route('tls-istiod', 15012), route('tls-webhook', 443)]
}

/**
 * Applies a Gateway, and waits until istiod has made its deployment for the release and the revision of the
 * installation, and until that is ready.
 * @throws MeshproofError MP-401 when it is not within two minutes.
 */
export const installGatewayResource = async (
  cluster: LabCluster,
  installation: GatewayInstallation,
  signal: AbortSignal,
): Promise<void> => {
  await cluster.kube.apply(gatewayResource(installation))
  await followed(cluster, installation, signal)
}

/**
 * Waits until the deployment of a Gateway has the release and the revision of an installation, and is ready: istiod
 * changes it on its own.
 * @throws MeshproofError MP-401 when it is not within two minutes.
 */
export const followed = async (
  cluster: LabCluster,
  { name, istioNamespace: namespace, tag, revision }: GatewayInstallation,
  signal: AbortSignal,
): Promise<void> => {
  await until(
    `istiod has made the deployment ${name} of ${cluster.name} for ${tag ?? 'its release'}`,
    async () => {
      const deployment = await cluster.kube.get<V1Deployment>({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        namespace,
        name,
      })
      const template = deployment?.spec?.template
      const image = template?.spec?.containers.find((container) => container.name === 'istio-proxy')?.image ?? ''
      return (
        template?.metadata?.annotations?.['istio.io/rev'] === revisionOf(revision === undefined ? {} : { revision }) &&
        (tag === undefined || image.endsWith(`:${tag}`))
      )
    },
    { every: 250, within: 120_000, signal },
  )
  await settled(cluster, { namespace, name }, signal)
}

/** Definitions of the Gateway API by which its release is recognized. */
const definition = (name: string): Ref => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  name: `${name}.gateway.networking.k8s.io`,
})

/** The release of the Gateway API in a cluster; undefined where there is none. */
export const gatewayApiVersion = async (kube: KubeClient): Promise<string | undefined> => {
  const gateways = await kube.get<V1CustomResourceDefinition>(definition('gateways'))
  return gateways && (gateways.metadata?.annotations?.[bundleVersion] ?? 'unknown')
}

/**
 * Refuses a cluster with another release of the Gateway API than the pinned one: replacing it could break what uses it.
 * A cluster without one is refused where it must be `present`.
 * @throws MeshproofError MP-119.
 */
export const requireGatewayApi = async (
  { name, kube }: { name: string; kube: KubeClient },
  pinned: string,
  wanted: 'present' | 'present or absent' = 'present or absent',
): Promise<'present' | 'absent'> => {
  const found = await gatewayApiVersion(kube)
  if (found === undefined && wanted !== 'present') return 'absent'
  if (found === pinned) return 'present'
  throw new MeshproofError('MP-119', {
    what: found === undefined ? 'A cluster has no Gateway API' : 'A cluster has another release of the Gateway API',
    where: name,
    why: `it has ${found ?? 'none'}, and ${pinned} is pinned`,
    next: `Install ${pinned} there, or leave out --gateways=gateway-api.`,
  })
}

/**
 * Installs the definitions of the Gateway API where a cluster has none, and waits until Gateways can be made.
 * @throws MeshproofError MP-119 for another release, MP-401 when the API server does not know Gateways within 30 s.
 */
export const installGatewayApi = async (
  cluster: Pick<LabCluster, 'name' | 'kube' | 'applyText'>,
  { version, manifests }: GatewayApiFiles,
  signal: AbortSignal,
): Promise<void> => {
  if ((await requireGatewayApi(cluster, version)) === 'present') return
  const texts = await Promise.all(manifests.map((path) => readFile(path, 'utf8')))
  const applied = await cluster.applyText(texts.join('\n---\n'), signal)
  await until(
    `${cluster.name} knows the resources of the Gateway API`,
    async () => {
      const gateways = await cluster.kube.get<V1CustomResourceDefinition>(definition('gateways'))
      return gateways?.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True')
    },
    { every: 200, within: 30_000, signal },
  )
  await askForDefinedKinds(cluster.kube, applied)
}
