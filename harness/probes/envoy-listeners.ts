import { z } from 'zod'
import { adminPage, type Proxy } from './envoy.ts'

/**
 * One way through a listener: the port and the server names it takes, whether TLS ends here, and the cluster that it
 * leads to, by itself or by its first route.
 */
export type FilterChain = { port?: number; serverNames: string[]; endsTls: boolean; cluster: string | undefined }

/** What a live proxy does with connections to one of its ports. */
export type EnvoyListener = {
  name: string
  /** Undefined where the proxy has never accepted the listener. */
  port: number | undefined
  /** Whether a connection must begin with a PROXY header. */
  proxyProtocol: boolean
  chains: FilterChain[]
  /** Why the proxy refused a newer version of the listener, in Envoy’s words, and when it last tried (ISO 8601). */
  refused: { said: string; at: string } | undefined
}

const Routes = z.object({
  virtual_hosts: z
    .array(
      z.object({
        routes: z.array(z.object({ route: z.object({ cluster: z.string().optional() }).optional() })).default([]),
      }),
    )
    .default([]),
})
const TcpOrHttp = z.object({ cluster: z.string().optional(), route_config: Routes.optional() }).optional()

const Listener = z.object({
  address: z.object({ socket_address: z.object({ port_value: z.number().optional() }).optional() }).optional(),
  listener_filters: z
    .array(
      z.object({
        name: z.string().default(''),
        typed_config: z.object({ allow_requests_without_proxy_protocol: z.boolean().optional() }).optional(),
      }),
    )
    .default([]),
  filter_chains: z
    .array(
      z.object({
        filter_chain_match: z
          .object({ destination_port: z.number().optional(), server_names: z.array(z.string()).default([]) })
          .optional(),
        filters: z.array(z.object({ name: z.string().default(''), typed_config: TcpOrHttp })).default([]),
        transport_socket: z.unknown().optional(),
      }),
    )
    .default([]),
})

const Dump = z.object({
  configs: z
    .array(
      z.object({
        name: z.string().default(''),
        active_state: z.object({ listener: Listener.optional() }).optional(),
        error_state: z
          .object({ details: z.string().default(''), last_update_attempt: z.string().default('') })
          .optional(),
      }),
    )
    .default([]),
})

/**
 * The listeners that a live proxy was given by its control plane.
 * @throws MeshproofError MP-403 when the page cannot be read.
 */
export const listenersOf = async ({
  kube,
  namespace,
  pod,
}: Extract<Proxy, { pod: string }>): Promise<EnvoyListener[]> =>
  listenersIn(JSON.parse(await adminPage(kube, namespace, pod, 'config_dump?resource=dynamic_listeners')))

/** The listeners in a page that `listenersOf` reads. */
export const listenersIn = (page: unknown): EnvoyListener[] =>
  Dump.parse(page).configs.map(({ name, active_state: active, error_state: error }) => ({
    name,
    port: active?.listener?.address?.socket_address?.port_value,
    proxyProtocol: (active?.listener?.listener_filters ?? []).some(
      (filter) =>
        filter.name.includes('proxy_protocol') && filter.typed_config?.allow_requests_without_proxy_protocol !== true,
    ),
    chains: (active?.listener?.filter_chains ?? []).map(
      ({ filter_chain_match: match, filters, transport_socket: socket }) => ({
        ...(match?.destination_port === undefined ? {} : { port: match.destination_port }),
        serverNames: match?.server_names ?? [],
        endsTls: socket !== undefined,
        cluster: filters.map(({ typed_config: config }) => clusterIn(config)).find((cluster) => cluster),
      }),
    ),
    refused: error ? { said: error.details, at: error.last_update_attempt } : undefined,
  }))

const clusterIn = (config: z.infer<typeof TcpOrHttp>): string | undefined =>
  config?.cluster ?? config?.route_config?.virtual_hosts[0]?.routes[0]?.route?.cluster

/** The server names that a proxy passes on at a port. */
export const serverNamesAt = (listeners: EnvoyListener[], port: number): string[] =>
  listeners
    .filter((listener) => listener.port === port)
    .flatMap(({ chains }) => chains.flatMap(({ serverNames }) => serverNames))
