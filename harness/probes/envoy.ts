import { X509Certificate } from 'node:crypto'
import type { V1Pod } from '@kubernetes/client-node'
import { z } from 'zod'
import { MeshproofError } from '#errors.ts'
import type { KubeClient } from '#kube/client.ts'
import { readPage } from '#kube/pod-http.ts'
import { isReady, logsSince, readyPod } from '#kube/pods.ts'

/** The proxy of a workload: a sidecar, or a gateway, by its pod's labels or by its name. */
export type Proxy = { kube: KubeClient; namespace: string } & ({ selector: string } | { pod: string })

const Clusters = z.object({
  cluster_statuses: z.array(
    z.object({
      name: z.string(),
      host_statuses: z
        .array(
          z.object({
            address: z.object({ socket_address: z.object({ address: z.string(), port_value: z.number() }).optional() }),
            priority: z.number().default(0),
            weight: z.number().default(1),
            locality: z.object({ region: z.string().default(''), zone: z.string().default('') }).default({
              region: '',
              zone: '',
            }),
            health_status: z.looseObject({ eds_health_status: z.string().optional() }).optional(),
          }),
        )
        .default([]),
    }),
  ),
})

// A proxy that needs no certificate, since mutual TLS is off, has no such configuration at all.
const Secrets = z.object({
  configs: z
    .array(
      z.object({
        name: z.string(),
        secret: z.object({
          tls_certificate: z.object({ certificate_chain: z.object({ inline_bytes: z.string() }) }).optional(),
          validation_context: z.object({ trusted_ca: z.object({ inline_bytes: z.string() }) }).optional(),
        }),
      }),
    )
    .default([]),
})

const ServerInfo = z.object({
  version: z.string(),
  node: z.object({ metadata: z.object({ ISTIO_VERSION: z.string() }) }),
})

const podOf = async (proxy: Proxy): Promise<string> =>
  'pod' in proxy ? proxy.pod : ((await readyPod(proxy.kube, proxy.namespace, proxy.selector)).metadata?.name ?? '')

const ask = async (proxy: Proxy, path: string): Promise<unknown> =>
  JSON.parse(await adminPage(proxy.kube, proxy.namespace, await podOf(proxy), path))

/**
 * A page of the administration that every proxy serves its own pod, as text.
 * @throws MeshproofError MP-403 when it cannot be read within so many milliseconds.
 */
export const adminPage = (
  kube: KubeClient,
  namespace: string,
  pod: string,
  path: string,
  within?: number,
): Promise<string> => readPage(kube, { namespace, pod, port: 15000, path: `/${path}` }, within)

/**
 * What a live proxy says it is: the stamp of its Istio agent, and its Envoy’s version, which stands between the
 * build’s hash and its kind (`…/1.40.0/Clean/…`).
 */
export const releaseOf = async (proxy: Proxy): Promise<{ istio: string; envoy: string }> => {
  const { version, node } = ServerInfo.parse(await ask(proxy, 'server_info'))
  return { istio: node.metadata.ISTIO_VERSION, envoy: version.split('/')[1] ?? '' }
}

/**
 * Where a proxy may send a request; those of a higher priority number are used when the others are not enough.
 * `unhealthy` is why Envoy passes it over, in its own words; absent where it does not.
 */
export type Endpoint = { address: string; port: number; priority: number; unhealthy?: string }

/**
 * Every cluster of endpoints that a proxy knows, by Istio’s name for it
 * (`outbound|5000||helloworld.app1.svc.cluster.local`).
 */
export const clustersOf = async (proxy: Proxy): Promise<Map<string, Endpoint[]>> => {
  const { cluster_statuses: clusters } = Clusters.parse(await ask(proxy, 'clusters?format=json'))
  return new Map(
    clusters.map(({ name, host_statuses: hosts }) => [
      name,
      hosts.flatMap(({ priority, address: { socket_address: socket }, health_status: health }) =>
        socket ? [{ address: socket.address, port: socket.port_value, priority, ...unhealthyIn(health) }] : [],
      ),
    ]),
  )
}

/**
 * Why Envoy does not use an endpoint, in its words: `failed_outlier_check: true`, and the health that its control plane
 * reports.
 */
const unhealthyIn = (health: { eds_health_status?: string | undefined } | undefined): { unhealthy?: string } => {
  const { eds_health_status: stated = 'HEALTHY', ...failed } = health ?? {}
  const reasons = [
    ...(['HEALTHY', 'UNKNOWN', 'DEGRADED'].includes(stated) ? [] : [stated.toLowerCase()]),
    ...Object.entries(failed).flatMap(([name, is]) => (is === true && name.startsWith('failed_') ? [name] : [])),
  ]
  return reasons.length > 0 ? { unhealthy: reasons.join(', ') } : {}
}

/**
 * The endpoints a proxy holds for one of its clusters, `address:port`, sorted; empty where it does not know the
 * cluster.
 */
export const endpointsOf = async (proxy: Proxy, cluster: string): Promise<string[]> =>
  ((await clustersOf(proxy)).get(cluster) ?? []).map(({ address, port }) => `${address}:${port}`).sort()

/** An endpoint with its share of the requests of its priority, and where the control plane says that it is. */
export type WeightedEndpoint = { address: string; region: string; zone: string; priority: number; weight: number }

/** The endpoints that a proxy holds for one of its clusters, with their weights; sorted by region, zone and address. */
export const weightsOf = async (proxy: Proxy, cluster: string): Promise<WeightedEndpoint[]> =>
  weightsIn(await ask(proxy, 'clusters?format=json'), cluster)

/** Reads the weights from what a proxy says of its clusters. */
export const weightsIn = (page: unknown, cluster: string): WeightedEndpoint[] => {
  const { cluster_statuses: clusters } = Clusters.parse(page)
  const placeOf = ({ region, zone, address }: WeightedEndpoint): string => `${region}/${zone} ${address}`
  return clusters
    .filter(({ name }) => name === cluster)
    .flatMap(({ host_statuses: hosts }) =>
      hosts.flatMap(({ address: { socket_address: socket }, locality, priority, weight }) =>
        socket ? [{ address: `${socket.address}:${socket.port_value}`, ...locality, priority, weight }] : [],
      ),
    )
    .sort((first, second) => placeOf(first).localeCompare(placeOf(second)))
}

/**
 * What a live proxy identifies itself with, and what it trusts: leaf first, then its chain; roots as it was given them.
 */
export type ProxyTrust = { chain: X509Certificate[]; roots: X509Certificate[] }

/** Reads a live proxy's certificates. Envoy redacts the private key before it answers. */
export const trustOf = async (proxy: Proxy): Promise<ProxyTrust> => {
  const { configs } = Secrets.parse(await ask(proxy, 'config_dump?resource=dynamic_active_secrets'))
  const pem = (encoded: string | undefined): X509Certificate[] =>
    certificatesIn(Buffer.from(encoded ?? '', 'base64').toString())
  return {
    chain: pem(configs.find(({ name }) => name === 'default')?.secret.tls_certificate?.certificate_chain.inline_bytes),
    roots: pem(configs.find(({ name }) => name === 'ROOTCA')?.secret.validation_context?.trusted_ca.inline_bytes),
  }
}

// What the agent puts in the place of an extension that it cannot load: a filter that refuses everything.
const Extensions = z.object({
  configs: z
    .array(
      z.object({
        ecds_filter: z.looseObject({
          name: z.string().default(''),
          typed_config: z.looseObject({
            rules_stat_prefix: z.string().default(''),
            stat_prefix: z.string().default(''),
          }),
        }),
      }),
    )
    .default([]),
})

/**
 * The extensions of a live proxy that could not be loaded, and in whose place it refuses every request, by their names
 * (`app1.limiter`). None in a proxy that has no extensions.
 */
export const extensionsRefusing = async (proxy: Proxy): Promise<string[]> => {
  const page = await ask(proxy, 'config_dump?resource=ecds_filters').catch((error: unknown) => {
    // Envoy has no such page before its first extension.
    if (error instanceof MeshproofError) return {}
    throw error
  })
  const refusing = refusingIn(page)
  if (refusing.length === 0) return []
  // An extension that was removed stays on its page for as long as old listeners drain.
  const { configs } = ActiveListeners.parse(await ask(proxy, 'config_dump?resource=dynamic_listeners'))
  const active = JSON.stringify(configs.map(({ active_state: state }) => state))
  return refusing.filter((name) => active.includes(JSON.stringify(name)))
}

const ActiveListeners = z.object({
  configs: z.array(z.looseObject({ active_state: z.unknown().optional() })).default([]),
})

/** The names of refusing extensions in Envoy’s page of them. @throws ZodError for another page. */
export const refusingIn = (page: unknown): string[] =>
  Extensions.parse(page).configs.flatMap(({ ecds_filter: { name, typed_config: filter } }) =>
    [filter.rules_stat_prefix, filter.stat_prefix].includes('wasm-default-deny') ? name : [],
  )

/** Every certificate of a PEM text. A block that holds no certificate, as a torn one, is left out. */
export const certificatesIn = (text: string): X509Certificate[] =>
  (text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).flatMap((pem) => {
    try {
      return [new X509Certificate(pem)]
    } catch {
      return []
    }
  })

const AccessLine = z.object({
  path: z.string().nullish(),
  status: z.union([z.number(), z.string()]).nullish(),
  flags: z.string().nullish(),
  details: z.string().nullish(),
  upstream: z.string().nullish(),
  upstreamIdentity: z.string().nullish(),
  downstream: z.string().nullish(),
  downstreamIdentity: z.string().nullish(),
  sni: z.string().nullish(),
  cluster: z.string().nullish(),
  start: z.string(),
})

/** One line of a proxy's access log. */
export type AccessLine = z.infer<typeof AccessLine>

/**
 * The access log of a proxy since a moment; of a gateway with several pods, that of all of them. Other lines of the log
 * are left out.
 */
export const accessLog = async (proxy: Proxy, since: Date): Promise<AccessLine[]> => {
  const { kube, namespace } = proxy
  const pods =
    'pod' in proxy
      ? [proxy.pod]
      : (await kube.list<V1Pod>({ apiVersion: 'v1', kind: 'Pod', namespace, selector: proxy.selector }))
          .filter(isReady)
          .map(({ metadata }) => metadata?.name ?? '')
  const texts = await Promise.all(
    pods.map((pod) => logsSince(kube, { namespace, pod, container: 'istio-proxy' }, since)),
  )
  return texts.flatMap((text) => accessLinesIn(text, since))
}

/**
 * The lines of an access log since a moment. A lab that is tested as an existing mesh writes each line twice: once as a
 * lab does, and once for the test. A line holds the time and the client's port, so requests have no line in common.
 */
export const accessLinesIn = (log: string, since: Date): AccessLine[] =>
  [...new Set(log.split('\n'))].flatMap((line) => {
    if (!line.startsWith('{')) return []
    const parsed = AccessLine.safeParse(JSON.parse(line))
    return parsed.success && new Date(parsed.data.start) >= since ? [parsed.data] : []
  })
