import { z } from 'zod'
import { adminPage, type Proxy } from './envoy.ts'
import { objectOf } from './envoy-objects.ts'

/** One route of a virtual host: where it leads, what it does on the way, and the object that made it. */
export type EnvoyRoute = {
  /** Whether it takes every request, whatever its path and headers. */
  takesAll: boolean
  /** Envoy’s clusters that it sends to, each with its weight. */
  clusters: { name: string; weight: number }[]
  /** Answers by itself, with this status. */
  answers?: number
  redirects: boolean
  /** Whether servers are asked for another path than the client’s. */
  rewrites: boolean
  /** Requests of a hundred that are aborted or delayed on purpose. */
  aborts: number
  delays: number
  /** The time for a whole answer, in milliseconds; absent where there is no limit. */
  timeout?: number
  /** `VirtualService app1/canary`; empty where Istio made it for a service. */
  madeBy: string
}

/**
 * The routes of a proxy for the names of one virtual host. `port` is that of the requests that it takes; absent where
 * the configuration that it is in names none.
 */
export type VirtualHost = { name: string; port?: number; domains: string[]; routes: EnvoyRoute[] }

const Percentage = z.object({ numerator: z.number().default(0), denominator: z.string().default('HUNDRED') }).optional()
const Fault = z
  .object({
    abort: z.object({ percentage: Percentage }).optional(),
    delay: z.object({ percentage: Percentage }).optional(),
  })
  .optional()

const Route = z.object({
  match: z.looseObject({ prefix: z.string().optional(), headers: z.array(z.unknown()).default([]) }),
  route: z
    .object({
      cluster: z.string().optional(),
      timeout: z.string().optional(),
      prefix_rewrite: z.string().optional(),
      regex_rewrite: z.unknown().optional(),
      weighted_clusters: z
        .object({ clusters: z.array(z.object({ name: z.string(), weight: z.number().default(0) })).default([]) })
        .optional(),
    })
    .optional(),
  redirect: z.unknown().optional(),
  direct_response: z.object({ status: z.number() }).optional(),
  typed_per_filter_config: z.record(z.string(), z.looseObject({})).default({}),
  metadata: z
    .object({ filter_metadata: z.object({ istio: z.object({ config: z.string().optional() }).optional() }).optional() })
    .optional(),
})

const Dump = z.object({
  configs: z
    .array(
      z.object({
        route_config: z
          .object({
            name: z.string().default(''),
            virtual_hosts: z
              .array(
                z.object({
                  name: z.string(),
                  domains: z.array(z.string()).default([]),
                  routes: z.array(Route).default([]),
                }),
              )
              .default([]),
          })
          .optional(),
      }),
    )
    .default([]),
})

/**
 * Every virtual host of a live proxy’s outbound routes.
 * @throws MeshproofError MP-403 when the page cannot be read.
 */
export const routesOf = async ({ kube, namespace, pod }: Extract<Proxy, { pod: string }>): Promise<VirtualHost[]> =>
  virtualHostsIn(JSON.parse(await adminPage(kube, namespace, pod, 'config_dump?resource=dynamic_route_configs')))

/** The virtual hosts in a page that `routesOf` reads. */
export const virtualHostsIn = (page: unknown): VirtualHost[] =>
  Dump.parse(page).configs.flatMap(({ route_config: configuration }) =>
    (configuration?.virtual_hosts ?? []).map(({ name, domains, routes }) => ({
      name,
      ...portIn(configuration?.name ?? ''),
      domains,
      routes: routes.map(routeOf),
    })),
  )

/** Istio calls a configuration by its port, `5000`, or by host and port: `cart.shop.svc.cluster.local:5000`. */
const portIn = (configuration: string): { port?: number } => {
  const [, port] = /(?:^|:)(\d+)$/.exec(configuration) ?? []
  return port === undefined ? {} : { port: Number(port) }
}

const routeOf = ({
  match,
  route,
  redirect,
  direct_response: direct,
  typed_per_filter_config: filters,
  metadata,
}: z.infer<typeof Route>): EnvoyRoute => {
  const fault = Fault.safeParse(filters['envoy.filters.http.fault']).data
  const matched = Object.keys(match).filter((key) => !['prefix', 'headers', 'case_sensitive'].includes(key))
  return {
    takesAll: match.prefix === '/' && match.headers.length === 0 && matched.length === 0,
    clusters: route?.cluster
      ? [{ name: route.cluster, weight: 100 }]
      : (route?.weighted_clusters?.clusters ?? []).map(({ name, weight }) => ({ name, weight })),
    ...(direct ? { answers: direct.status } : {}),
    redirects: redirect !== undefined,
    rewrites: route?.prefix_rewrite !== undefined || route?.regex_rewrite !== undefined,
    aborts: share(fault?.abort?.percentage),
    delays: share(fault?.delay?.percentage),
    ...timeoutIn(route?.timeout),
    madeBy: objectOf(metadata?.filter_metadata?.istio?.config),
  }
}

/** Envoy writes seconds: `0.001s`; 0 is no limit. */
const timeoutIn = (text: string | undefined): { timeout?: number } => {
  const milliseconds = Number((text ?? '').replace(/s$/, '')) * 1000
  return milliseconds > 0 ? { timeout: milliseconds } : {}
}

const denominators: Record<string, number> = { HUNDRED: 1, TEN_THOUSAND: 100, MILLION: 10_000 }

const share = (percentage: z.infer<typeof Percentage>): number =>
  percentage ? percentage.numerator / (denominators[percentage.denominator] ?? 1) : 0
