import { z } from 'zod'
import { adminPage, type Proxy } from './envoy.ts'
import { objectOf } from './envoy-objects.ts'

/** How a proxy opens mutual TLS: the server name that it asks for, and the identities that it accepts (empty: all). */
export type ClientTls = { serverName: string; identities: string[]; hasCertificate: boolean }

/** What a live proxy was told about one of its clusters of endpoints: how it finds, reaches and secures them. */
export type EnvoyCluster = {
  /** `outbound|5000||helloworld.app1.svc.cluster.local` */
  name: string
  /** How the proxy finds endpoints, in Envoy’s words: `EDS` where its control plane tells them. */
  discovery: string
  /** The time for a connection, in milliseconds; absent where Envoy’s own default counts. */
  connectTimeout?: number
  /** Limits that let nothing through, by Envoy’s names of them. */
  closedBy: string[]
  /** How it secures requests to endpoints that take mutual TLS; absent where it sends them plaintext. */
  tls?: ClientTls
  /** The first object that shaped it, `DestinationRule app1/canary`; empty where Istio alone did. */
  madeBy: string
}

const Names = z.array(z.object({ exact: z.string().optional() })).default([])
const TypedNames = z.array(z.object({ matcher: z.object({ exact: z.string().optional() }).optional() })).default([])
const Validation = z.object({ match_subject_alt_names: Names, match_typed_subject_alt_names: TypedNames }).optional()
const Socket = z.object({
  name: z.string().default(''),
  typed_config: z
    .object({
      sni: z.string().default(''),
      common_tls_context: z
        .object({
          tls_certificates: z.array(z.unknown()).default([]),
          tls_certificate_sds_secret_configs: z.array(z.unknown()).default([]),
          combined_validation_context: z.object({ default_validation_context: Validation }).optional(),
        })
        .optional(),
    })
    .optional(),
})
// With a limit of 0 connections Envoy still opens one.
const limits = ['max_pending_requests', 'max_requests'] as const
const Threshold = z.object({
  priority: z.string().default('DEFAULT'),
  max_pending_requests: z.number().optional(),
  max_requests: z.number().optional(),
})
const Cluster = z.object({
  name: z.string(),
  type: z.string().default('STATIC'),
  cluster_type: z.object({ name: z.string().default('') }).optional(),
  connect_timeout: z.string().optional(),
  circuit_breakers: z.object({ thresholds: z.array(Threshold).default([]) }).optional(),
  transport_socket: Socket.optional(),
  transport_socket_matches: z.array(z.object({ name: z.string().default(''), transport_socket: Socket })).default([]),
  metadata: z
    .object({ filter_metadata: z.object({ istio: z.object({ config: z.string().optional() }).optional() }).optional() })
    .optional(),
})
const Dump = z.object({ configs: z.array(z.object({ cluster: Cluster.optional() })).default([]) })

/**
 * What a live proxy was told about its clusters of endpoints.
 * @throws MeshproofError MP-403 when the page cannot be read.
 */
export const toldClustersOf = async ({
  kube,
  namespace,
  pod,
}: Extract<Proxy, { pod: string }>): Promise<EnvoyCluster[]> =>
  clustersIn(JSON.parse(await adminPage(kube, namespace, pod, 'config_dump?resource=dynamic_active_clusters')))

/** The clusters in a page that `toldClustersOf` reads. */
export const clustersIn = (page: unknown): EnvoyCluster[] =>
  Dump.parse(page).configs.flatMap(({ cluster }) => (cluster ? [read(cluster)] : []))

const read = (cluster: z.infer<typeof Cluster>): EnvoyCluster => {
  const { name, type, cluster_type: special, connect_timeout: timeout, circuit_breakers: breakers } = cluster
  const tls = tlsIn(cluster)
  // Of several thresholds Envoy takes the first.
  const threshold = breakers?.thresholds.find(({ priority }) => priority === 'DEFAULT')
  return {
    name,
    discovery: special?.name ?? type,
    ...(timeout === undefined ? {} : { connectTimeout: Number(timeout.replace(/s$/, '')) * 1000 }),
    closedBy: limits.filter((limit) => threshold?.[limit] === 0),
    ...(tls ? { tls } : {}),
    madeBy: objectOf(cluster.metadata?.filter_metadata?.istio?.config),
  }
}

/** With automatic mutual TLS there is a socket for endpoints that take it, by Istio’s name `tlsMode-istio`. */
const tlsIn = ({
  transport_socket: socket,
  transport_socket_matches: matches,
}: z.infer<typeof Cluster>): ClientTls | undefined => {
  const used = matches.length > 0 ? matches.find(({ name }) => name === 'tlsMode-istio')?.transport_socket : socket
  const context = used?.typed_config?.common_tls_context
  if (!context) return undefined
  const { default_validation_context: validation } = context.combined_validation_context ?? {}
  return {
    serverName: used.typed_config?.sni ?? '',
    hasCertificate: context.tls_certificate_sds_secret_configs.length + context.tls_certificates.length > 0,
    identities: [
      ...(validation?.match_subject_alt_names ?? []).map(({ exact }) => exact),
      ...(validation?.match_typed_subject_alt_names ?? []).map(({ matcher }) => matcher?.exact),
    ].flatMap((identity) => identity ?? []),
  }
}
