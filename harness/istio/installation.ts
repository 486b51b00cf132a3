import { differences } from '#images/differences.ts'
import { releaseIn } from '#images/images.ts'
import type { Lab, LabCluster } from '#lab/lab.ts'
import { gatewayName } from './gateway.ts'

/** Values of Istio’s charts, or a part of them. */
export type Values = Record<string, unknown>

/**
 * Without both a mesh cannot change its root: istiod keeps to the one it began with, and proxies hear of no second one
 * (istio/istio, tests/integration/security/cacert_rotation).
 */
const severalRoots = { istiod: { ISTIO_MULTIROOT_MESH: 'true' }, proxies: { PROXY_CONFIG_XDS_AGENT: 'true' } }

/**
 * One line of JSON a request, with both peers' identities: what the path and identity checks read. Istio leaves a field
 * out when Envoy has no value for it.
 */
export const accessLogFormat = JSON.stringify({
  start: '%START_TIME%',
  path: '%REQ(:PATH)%',
  status: '%RESPONSE_CODE%',
  flags: '%RESPONSE_FLAGS%',
  details: '%RESPONSE_CODE_DETAILS%',
  cluster: '%UPSTREAM_CLUSTER_RAW%',
  upstream: '%UPSTREAM_HOST%',
  upstreamIdentity: '%UPSTREAM_PEER_URI_SAN%',
  downstream: '%DOWNSTREAM_REMOTE_ADDRESS%',
  downstreamIdentity: '%DOWNSTREAM_PEER_URI_SAN%',
  sni: '%REQUESTED_SERVER_NAME%',
})

/** The images and the topology of a mesh that is installed. */
export type Release = Pick<Lab, 'images' | 'topology'>

/** How many proxies a cluster’s gateway has in a topology: one, or `gatewayReplicas`. */
const replicasOf = ({ gatewayReplicas = 1 }: Release['topology']): number => gatewayReplicas

/**
 * The processor time that istiod and proxies request. A request is also a share: beside an API server with 250m, a
 * proxy with 10m waits seconds for its turn while images are unpacked, and live traffic waits hundreds of milliseconds.
 * Everything of one cluster still fits two cores. A mesh that is upgraded holds most things twice for a time, and
 * requests less for each.
 */
const requestsOf = (topology: Release['topology']): { istiod: Requests; proxy: Requests } =>
  replicasOf(topology) > 1
    ? { istiod: { cpu: '50m', memory: '128Mi' }, proxy: { cpu: '50m', memory: '40Mi' } }
    : { istiod: { cpu: '250m', memory: '128Mi' }, proxy: { cpu: '100m', memory: '40Mi' } }

type Requests = { cpu: string; memory: string }

/**
 * The readiness of proxies is probed every second instead of every 15. A kubelet that has run for less than the period
 * delays a probe by up to that period, and the kubelets of a lab always have.
 */
const proxyOf = (topology: Release['topology']): object => ({
  resources: { requests: requestsOf(topology).proxy },
  readinessPeriodSeconds: 1,
})

/** The fields of every installation. */
type Common = {
  /** The registry and the tag of Istio’s images. */
  hub: string | undefined
  tag: string | undefined
  /** The revision of the control plane; absent for the default revision. */
  revision?: string
  meshConfig: Values
  /** Values that mean the same in every chart. */
  global: Values
}

/** istiod in a cluster, or what a remote cluster has in its place. */
export type IstiodInstallation = Common & {
  part: 'control-plane' | 'remote'
  /** Values of istiod’s own pod. */
  istiod: Values
  /** The other values of the chart. */
  values: Values
  /** Options that only an IstioOperator has; a topology file may name them. */
  operator?: Values
}

/** An east-west gateway of a cluster. */
export type GatewayInstallation = Common & {
  part: 'gateway'
  /** The name of the gateway’s deployment and service. */
  name: string
  istioNamespace: string
  network: string
  /** True where istiod finds the gateway by the label of its network. */
  labelled: boolean
  replicas: number
  requests: Requests
  /** The ports of the service, by name. */
  ports: Record<string, number>
}

/**
 * What is installed into a cluster, as data. Every installer takes it: istioctl as an operator, Helm as the values of
 * charts.
 */
export type Installation = IstiodInstallation | GatewayInstallation

/** The fields that every installation has: images, revision, identity of the cluster. */
const common = (cluster: LabCluster, { images, topology }: Release): Common => ({
  hub: images.roles['hub'],
  tag: releaseIn(images, cluster.name).tag,
  ...(topology.revision === undefined ? {} : { revision: topology.revision }),
  // A tenth of the default wait before a proxy writes its log: two checks read it.
  meshConfig: {
    accessLogFile: '/dev/stdout',
    accessLogEncoding: 'JSON',
    accessLogFormat,
    defaultConfig: { fileFlushInterval: '0.1s', proxyMetadata: severalRoots.proxies },
  },
  global: {
    istioNamespace: topology.istioNamespace,
    network: cluster.network,
    imagePullPolicy: 'IfNotPresent',
    proxy: proxyOf(topology),
  },
})

const istiod = (
  part: IstiodInstallation['part'],
  cluster: LabCluster,
  release: Release,
  global: Values,
  values: Values = {},
): IstiodInstallation => {
  const { images, topology } = release
  const shared = common(cluster, release)
  return {
    ...shared,
    part,
    global: { ...shared.global, meshID: 'mesh1', multiCluster: { clusterName: cluster.name }, ...global },
    istiod: {
      resources: { requests: requestsOf(topology).istiod },
      autoscaleEnabled: false,
      env: { ...severalRoots.istiod, ...differences[images.source].istiod },
    },
    values: {
      ...differences[images.source].values,
      ...values,
    },
  }
}

/** A control plane; `global` is what makes it a topology's. */
export const controlPlaneOf = (cluster: LabCluster, release: Release, global: Values): IstiodInstallation => ({
  ...istiod('control-plane', cluster, release, global),
  ...(release.topology.operator === undefined ? {} : { operator: release.topology.operator }),
})

/** The path by which an injector says where the pods of its cluster are. */
const injectionPathOf = ({ name, network }: LabCluster): string => `/inject/cluster/${name}/net/${network}`

/** The remote profile of a cluster that is served from `remotePilotAddress`. */
export const remoteOf = (remote: LabCluster, release: Release, remotePilotAddress: string): IstiodInstallation =>
  istiod(
    'remote',
    remote,
    release,
    { remotePilotAddress },
    { istiodRemote: { injectionPath: injectionPathOf(remote) } },
  )

/**
 * istiod in `host`, for a mesh that is configured in another cluster. It goes by the name of its config cluster, and
 * reads the mesh’s configuration and templates there. The injector of `host` is part of this installation.
 */
export const externalControlPlaneOf = (host: LabCluster, config: LabCluster, release: Release): IstiodInstallation => {
  const { components, values } = release.topology.operator ?? {}
  const installation = istiod(
    'control-plane',
    host,
    release,
    {
      multiCluster: { clusterName: config.name },
      network: config.network,
      externalIstiod: true,
      configValidation: false,
      omitSidecarInjectorConfigMap: true,
    },
    { istiodRemote: { injectionPath: injectionPathOf(host) } },
  )
  return {
    ...installation,
    istiod: { ...installation.istiod, configMap: false },
    operator: { ...(components ? { components } : {}), ...(values ? { values } : {}) },
  }
}

/**
 * The config cluster of an external control plane: a remote profile with the mesh’s configuration, the injection
 * templates, and the service account that istiod acts as.
 */
export const configClusterOf = (
  config: LabCluster,
  release: Release,
  remotePilotAddress: string,
): IstiodInstallation => {
  const { meshConfig, values } = release.topology.operator ?? {}
  const installation = istiod(
    'remote',
    config,
    release,
    { remotePilotAddress, externalIstiod: true, configCluster: true, omitSidecarInjectorConfigMap: false },
    { istiodRemote: { injectionPath: injectionPathOf(config) } },
  )
  return {
    ...installation,
    istiod: { ...installation.istiod, configMap: true },
    // The remote profile turns it off, as it does the config map: both are a control plane’s.
    values: { telemetry: { enabled: true }, ...installation.values },
    operator: { ...(meshConfig ? { meshConfig } : {}), ...(values ? { values } : {}) },
  }
}

/**
 * An east-west gateway of a cluster: a proxy behind a load balancer that passes mTLS through, seeing its own network
 * alone. The label of its network is what the control plane finds it by, unless meshNetworks names it (seed 000).
 */
export const gatewayOf = (cluster: LabCluster, release: Release, labelled: boolean): GatewayInstallation => ({
  ...common(cluster, release),
  part: 'gateway',
  name: gatewayName,
  istioNamespace: cluster.istioNamespace,
  network: cluster.network,
  labelled,
  replicas: replicasOf(release.topology),
  requests: requestsOf(release.topology).proxy,
  ports: { 'status-port': 15021, tls: 15443, 'tls-istiod': 15012, 'tls-webhook': 15017 },
})

/**
 * The values of a gateway that istiod makes from a resource. It passes requests to istiod on only where remote clusters
 * reach their control plane through it.
 */
export const gatewayResourceOf = (
  cluster: LabCluster,
  release: Release,
  { labelled, istiod: toIstiod }: { labelled: boolean; istiod: boolean },
): GatewayInstallation => {
  const { ports, ...installation } = gatewayOf(cluster, release, labelled)
  const { 'status-port': statusPort = 0, tls = 0 } = ports
  return { ...installation, ports: toIstiod ? ports : { 'status-port': statusPort, tls } }
}
