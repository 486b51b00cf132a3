import { differences } from '#images/differences.ts'
import type { Lab, LabCluster } from '#lab/lab.ts'
import { gatewayName } from './gateway.ts'
import type { OperatorSpec } from './istioctl.ts'
import { istiodOf } from './revision.ts'

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

/** What the installs of a mesh are made of. */
type Release = Pick<Lab, 'images' | 'topology'>

/** What a cluster’s gateway is in a topology: one proxy, or as many as are asked for. */
const replicasOf = ({ gatewayReplicas = 1 }: Release['topology']): number => gatewayReplicas

/**
 * A request is also a share: beside an API server’s 250m, a proxy that asks for 10m waits seconds for its turn while
 * images are unpacked, and live traffic hundreds of milliseconds. Everything of one cluster still fits two cores; a
 * mesh that is upgraded holds most things twice, for a time, and asks for less of each.
 */
const requestsOf = (topology: Release['topology']): { istiod: Requests; proxy: Requests } =>
  replicasOf(topology) > 1
    ? { istiod: { cpu: '50m', memory: '128Mi' }, proxy: { cpu: '50m', memory: '40Mi' } }
    : { istiod: { cpu: '250m', memory: '128Mi' }, proxy: { cpu: '100m', memory: '40Mi' } }

type Requests = { cpu: string; memory: string }

/**
 * Proxies are asked every second whether they are ready, and not every 15: kubelet puts off a probe for up to its
 * period when it has itself run for less, which here it always has.
 */
const proxyOf = (topology: Release['topology']): object => ({
  resources: { requests: requestsOf(topology).proxy },
  readinessPeriodSeconds: 1,
})

/**
 * An istiod that serves remote clusters waits, when it is told to end, for what does not end, until it is killed after
 * 30 s; all the while it leads the elections of remote clusters, where a new namespace gets no root until another
 * istiod does.
 */
const quickEnd = (topology: Release['topology']): object => ({
  kind: 'Deployment',
  name: istiodOf(topology),
  patches: [{ path: 'spec.template.spec.terminationGracePeriodSeconds', value: 5 }],
})

/**
 * What every install of a mesh here has in common: images, revision, identity of the cluster, and requests that fit a
 * laptop.
 */
const commonSpec = (
  cluster: LabCluster,
  { images, topology }: Release,
  global: Record<string, unknown> = {},
): OperatorSpec => ({
  hub: images.roles['hub'],
  tag: images.ofClusters?.[cluster.name]?.tag ?? images.roles['tag'],
  ...(topology.revision === undefined ? {} : { revision: topology.revision }),
  // A tenth of the default wait before a proxy writes its log: two checks read it.
  meshConfig: {
    accessLogFile: '/dev/stdout',
    accessLogEncoding: 'JSON',
    accessLogFormat,
    defaultConfig: { fileFlushInterval: '0.1s', proxyMetadata: severalRoots.proxies },
  },
  values: {
    global: {
      istioNamespace: topology.istioNamespace,
      meshID: 'mesh1',
      multiCluster: { clusterName: cluster.name },
      network: cluster.network,
      imagePullPolicy: 'IfNotPresent',
      proxy: proxyOf(topology),
      ...global,
    },
    pilot: {
      resources: { requests: requestsOf(topology).istiod },
      autoscaleEnabled: false,
      env: { ...severalRoots.istiod, ...differences[images.source].istiod },
    },
    ...differences[images.source].values,
  },
})

/** The remote profile of a cluster that is served from `remotePilotAddress`. */
export const remoteSpec = (remote: LabCluster, release: Release, remotePilotAddress: string): OperatorSpec => {
  const spec = commonSpec(remote, release, { remotePilotAddress })
  const injectionPath = `/inject/cluster/${remote.name}/net/${remote.network}`
  return { ...spec, profile: 'remote', values: { ...(spec['values'] as object), istiodRemote: { injectionPath } } }
}

/**
 * A control plane, whose readiness is asked every second and not every third, since all else waits for it; `global` is
 * what makes it a topology's.
 */
export const controlPlaneSpec = (
  cluster: LabCluster,
  release: Release,
  global: Record<string, unknown>,
): OperatorSpec => ({
  ...commonSpec(cluster, release, global),
  profile: 'minimal',
  components: {
    pilot: {
      k8s: {
        overlays: [quickEnd(release.topology)],
        readinessProbe: {
          httpGet: { path: '/ready', port: 8080 },
          initialDelaySeconds: 1,
          periodSeconds: 1,
          timeoutSeconds: 5,
        },
      },
    },
  },
})

const gatewayPorts = { 'status-port': 15021, tls: 15443, 'tls-istiod': 15012, 'tls-webhook': 15017 }

/**
 * An east-west gateway of a cluster: a proxy behind a load balancer that passes mTLS through, seeing its own network
 * alone. The label of its network is what the control plane finds it by, unless meshNetworks names it (seed 000).
 */
export const gatewaySpec = (cluster: LabCluster, release: Release, labelled: boolean): OperatorSpec => ({
  ...commonSpec(cluster, release),
  profile: 'empty',
  components: {
    ingressGateways: [
      {
        name: gatewayName,
        namespace: cluster.istioNamespace,
        label: {
          istio: 'eastwestgateway',
          app: gatewayName,
          ...(labelled ? { 'topology.istio.io/network': cluster.network } : {}),
        },
        enabled: true,
        k8s: {
          env: [{ name: 'ISTIO_META_REQUESTED_NETWORK_VIEW', value: cluster.network }],
          replicaCount: replicasOf(release.topology),
          service: { ports: Object.entries(gatewayPorts).map(([name, port]) => ({ name, port, targetPort: port })) },
        },
      },
    ],
  },
  values: {
    gateways: {
      'istio-ingressgateway': {
        injectionTemplate: 'gateway',
        autoscaleEnabled: false,
        resources: { requests: requestsOf(release.topology).proxy },
      },
    },
    global: {
      istioNamespace: cluster.istioNamespace,
      network: cluster.network,
      imagePullPolicy: 'IfNotPresent',
      proxy: proxyOf(release.topology),
    },
  },
})
