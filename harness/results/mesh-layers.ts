/**
 * The layers in which a mesh is diagnosed, from the bottom. A finding is explained by a problem of a lower layer about
 * the same clusters.
 */
export const meshLayers = {
  api: 'API servers and versions',
  ranges: 'address ranges',
  networks: 'network labels',
  trust: 'trust roots',
  control: 'control plane and webhooks',
  secrets: 'remote secrets',
  sync: 'live sync',
  workloads: 'workloads',
  dns: 'names',
  services: 'services across clusters',
  gateways: 'gateways and the way to them',
  interception: 'interception by the sidecar',
  route: 'routes',
  endpoints: 'endpoints',
  transport: 'mutual TLS between client and server',
  server: 'what the server accepts',
  requests: 'requests',
} as const

/** A layer of a mesh. */
export type MeshLayer = keyof typeof meshLayers
