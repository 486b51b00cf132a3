import { X509Certificate } from 'node:crypto'
import { z } from 'zod'
import type { KubeClient } from '../kube/client.ts'
import { execIn, logsSince, readyPod } from '../kube/pods.ts'

/** The proxy of a workload: a sidecar, or a gateway, by its pod's labels. */
export type Proxy = { kube: KubeClient; namespace: string; selector: string }

const Clusters = z.object({
  cluster_statuses: z.array(z.object({
    name: z.string(),
    host_statuses: z.array(z.object({
      address: z.object({ socket_address: z.object({ address: z.string(), port_value: z.number() }).optional() }),
    })).default([]),
  })),
})

// A proxy that needs no certificate, since mutual TLS is off, has no such configuration at all.
const Secrets = z.object({
  configs: z.array(z.object({
    name: z.string(),
    secret: z.object({
      tls_certificate: z.object({ certificate_chain: z.object({ inline_bytes: z.string() }) }).optional(),
      validation_context: z.object({ trusted_ca: z.object({ inline_bytes: z.string() }) }).optional(),
    }),
  })).default([]),
})

const ask = async ({ kube, namespace, selector }: Proxy, path: string): Promise<unknown> => {
  const pod = (await readyPod(kube, namespace, selector)).metadata?.name ?? ''
  const { stdout } = await execIn(kube, { namespace, pod, container: 'istio-proxy' }, ['pilot-agent', 'request', 'GET', path])
  return JSON.parse(stdout)
}

/** The endpoints a proxy holds for one of its clusters, `address:port`, sorted; empty where it does not know the cluster. */
export const endpointsOf = async (proxy: Proxy, cluster: string): Promise<string[]> => {
  const { cluster_statuses: clusters } = Clusters.parse(await ask(proxy, 'clusters?format=json'))
  return clusters.filter(({ name }) => name === cluster).flatMap(({ host_statuses: hosts }) =>
    hosts.flatMap(({ address: { socket_address: at } }) => (at ? [`${at.address}:${at.port_value}`] : []))).sort()
}

/** What a live proxy identifies itself with, and what it trusts: leaf first, then its chain; roots as it was given them. */
export type ProxyTrust = { chain: X509Certificate[]; roots: X509Certificate[] }

/** Reads a live proxy's certificates. Envoy redacts the private key before it answers. */
export const trustOf = async (proxy: Proxy): Promise<ProxyTrust> => {
  const { configs } = Secrets.parse(await ask(proxy, 'config_dump?resource=dynamic_active_secrets'))
  const pem = (encoded: string | undefined): X509Certificate[] => certificatesIn(Buffer.from(encoded ?? '', 'base64').toString())
  return {
    chain: pem(configs.find(({ name }) => name === 'default')?.secret.tls_certificate?.certificate_chain.inline_bytes),
    roots: pem(configs.find(({ name }) => name === 'ROOTCA')?.secret.validation_context?.trusted_ca.inline_bytes),
  }
}

/** Every certificate of a PEM text. */
export const certificatesIn = (text: string): X509Certificate[] =>
  (text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map((pem) => new X509Certificate(pem))

const AccessLine = z.object({
  path: z.string().nullish(),
  status: z.union([z.number(), z.string()]).nullish(),
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

/** A proxy's access log since a moment; lines that are no access log are left out. */
export const accessLog = async ({ kube, namespace, selector }: Proxy, since: Date): Promise<AccessLine[]> => {
  const pod = (await readyPod(kube, namespace, selector)).metadata?.name ?? ''
  const text = await logsSince(kube, { namespace, pod, container: 'istio-proxy' }, since)
  return text.split('\n').flatMap((line) => {
    if (!line.startsWith('{')) return []
    const parsed = AccessLine.safeParse(JSON.parse(line))
    return parsed.success && new Date(parsed.data.start) >= since ? [parsed.data] : []
  })
}
