import type { Images } from '../images/images.ts'
import type { LabCluster } from '../lab/lab.ts'
import type { OperatorSpec } from './istioctl.ts'

/** Upstream Envoy lacks Istio's own filters; images built from source carry upstream Envoy (facts of the source build). */
const withoutIstioFilters = { PILOT_ENABLE_METADATA_EXCHANGE: 'false', PILOT_ENABLE_ALPN_FILTER: 'false', PILOT_DISABLE_MX_ALPN: 'true' }

/**
 * One line of JSON a request, with both peers' identities: what the path and identity checks read. Istio leaves a field out
 * when Envoy has no value for it.
 */
export const accessLogFormat = JSON.stringify({
  start: '%START_TIME%', path: '%REQ(:PATH)%', status: '%RESPONSE_CODE%', flags: '%RESPONSE_FLAGS%', cluster: '%UPSTREAM_CLUSTER_RAW%', upstream: '%UPSTREAM_HOST%',
  upstreamIdentity: '%UPSTREAM_PEER_URI_SAN%', downstream: '%DOWNSTREAM_REMOTE_ADDRESS%', downstreamIdentity: '%DOWNSTREAM_PEER_URI_SAN%', sni: '%REQUESTED_SERVER_NAME%',
})

/**
 * A request is also a share: beside an API server’s 250m, a proxy that asks for 10m waits seconds for its turn while images are
 * unpacked. Everything of one cluster still fits two cores.
 */
const proxyRequests = { cpu: '100m', memory: '40Mi' }

/**
 * Proxies are asked every second whether they are ready, and not every 15: kubelet puts off a probe for up to its period when it has
 * itself run for less, which here it always has.
 */
const proxy = { resources: { requests: proxyRequests }, readinessPeriodSeconds: 1 }

/** What every install of a mesh here has in common: images, identity of the cluster, and requests that fit a laptop. */
export const commonSpec = (cluster: LabCluster, images: Images, global: Record<string, unknown> = {}): OperatorSpec => ({
  hub: images.roles['hub'],
  tag: images.roles['tag'],
  // A tenth of the default wait before a proxy writes its log: two checks read it.
  meshConfig: { accessLogFile: '/dev/stdout', accessLogEncoding: 'JSON', accessLogFormat, defaultConfig: { fileFlushInterval: '0.1s' } },
  values: {
    global: {
      meshID: 'mesh1',
      multiCluster: { clusterName: cluster.name },
      network: cluster.network,
      imagePullPolicy: 'IfNotPresent',
      proxy,
      ...global,
    },
    pilot: {
      resources: { requests: { cpu: '250m', memory: '128Mi' } },
      autoscaleEnabled: false,
      ...(images.source === 'source' ? { env: withoutIstioFilters } : {}),
    },
    ...(images.source === 'source' ? { telemetry: { enabled: false } } : {}),
  },
})

/** A control plane, whose readiness is asked every second and not every third, since all else waits for it; `global` is what makes it a topology's. */
export const controlPlaneSpec = (cluster: LabCluster, images: Images, global: Record<string, unknown>): OperatorSpec => ({
  ...commonSpec(cluster, images, global),
  profile: 'minimal',
  components: { pilot: { k8s: { readinessProbe: { httpGet: { path: '/ready', port: 8080 }, initialDelaySeconds: 1, periodSeconds: 1, timeoutSeconds: 5 } } } },
})

const gatewayPorts = { 'status-port': 15021, tls: 15443, 'tls-istiod': 15012, 'tls-webhook': 15017 }

/**
 * An east-west gateway of a cluster: a proxy behind a load balancer that passes mTLS through, seeing its own network alone. The
 * label of its network is what the control plane finds it by, unless meshNetworks names it (seed 000).
 */
export const gatewaySpec = (cluster: LabCluster, images: Images, labelled: boolean): OperatorSpec => ({
  ...commonSpec(cluster, images),
  profile: 'empty',
  components: {
    ingressGateways: [{
      name: 'istio-eastwestgateway',
      label: { istio: 'eastwestgateway', app: 'istio-eastwestgateway', ...(labelled ? { 'topology.istio.io/network': cluster.network } : {}) },
      enabled: true,
      k8s: {
        env: [{ name: 'ISTIO_META_REQUESTED_NETWORK_VIEW', value: cluster.network }],
        hpaSpec: { minReplicas: 1, maxReplicas: 1 },
        service: { ports: Object.entries(gatewayPorts).map(([name, port]) => ({ name, port, targetPort: port })) },
      },
    }],
  },
  values: {
    gateways: { 'istio-ingressgateway': { injectionTemplate: 'gateway', autoscaleEnabled: false, resources: { requests: proxyRequests } } },
    global: { network: cluster.network, imagePullPolicy: 'IfNotPresent', proxy },
  },
})
