import { readFileSync } from 'node:fs'
import { delimiter, dirname, resolve } from 'node:path'
import type { Cluster, KubeConfig } from '@kubernetes/client-node'
import { z } from 'zod'
import { reasonOf } from '#errors.ts'
import { accountOf, namedFile, type Place, UserEntry } from './kubeconfig-account.ts'
import { inWords, refusedKubeconfig, type KubeconfigFile } from './kubeconfig-files.ts'
import { inOrderFor } from './kubeconfig-order.ts'
import { proxyUrl } from './proxy.ts'
import { kubernetes } from './library.ts'

const text = z.string().nullish()

const ClusterEntry = z.object({
  server: text,
  'tls-server-name': text,
  'insecure-skip-tls-verify': z.boolean().nullish(),
  'certificate-authority': text,
  'certificate-authority-data': text,
  'proxy-url': text,
  extensions: z.array(z.object({ name: z.string(), extension: z.unknown() })).nullish(),
})
type ClusterEntry = z.infer<typeof ClusterEntry>

const ContextEntry = z.object({ cluster: z.string(), user: text })

/**
 * The way to a context’s cluster, a configuration of its own. A context is of the first file that has it, with the
 * cluster and user that this file has under the names it gives, else with those of another file. (kubectl takes the
 * first cluster and user of a name in any file, so that of two files which both say `kubernetes` the second context
 * leads to the first cluster.)
 * @throws MeshproofError MP-116 where the context, or what it names, is missing, cannot be read or is not supported.
 */
export const contextConfig = (files: readonly KubeconfigFile[], context: string): KubeConfig => {
  const inOrder = inOrderFor(files, context)
  if (inOrder.length === 0) {
    const searched = files.map(({ path }) => path).join(delimiter)
    throw refusedKubeconfig(searched, `context "${context}" does not exist`)
  }
  const { value: names } = entryOf(inOrder, 'context', context, ContextEntry)
  const cluster = entryOf(inOrder, 'cluster', names.cluster, ClusterEntry)
  const server = clusterOf(names.cluster, cluster.value, cluster)
  const user = names.user ? entryOf(inOrder, 'user', names.user, UserEntry) : { ...cluster, value: {} }
  const name = names.user || 'anonymous'
  const { account, authenticator } = accountOf(name, user.value, user, clusterInfo(server, cluster.value))
  const config = new (kubernetes().KubeConfig)()
  config.loadFromOptions({
    clusters: [server],
    users: [account],
    contexts: [{ name: context, cluster: server.name, user: account.name }],
    currentContext: context,
  })
  if (authenticator) config.addAuthenticator(authenticator)
  return config
}

/** What kubectl calls an entry. */
const called = { context: 'context', cluster: 'cluster', user: 'auth info' } as const

const entryOf = <T>(
  files: readonly KubeconfigFile[],
  kind: keyof typeof called,
  name: string,
  schema: z.ZodType<T>,
): Place & { value: T } => {
  const file = files.find(({ content }) => content[`${kind}s`]?.some((entry) => entry.name === name))
  if (!file) throw refusedKubeconfig(files[0]?.path ?? '', `${called[kind]} "${name}" does not exist`)
  const entry = file.content[`${kind}s`]?.find((named) => named.name === name)
  const parsed = schema.safeParse(entry?.[kind] ?? {})
  if (!parsed.success) throw refusedKubeconfig(file.path, `${called[kind]} "${name}": ${inWords(parsed.error)}`)
  return { path: file.path, folder: dirname(resolve(file.path)), value: parsed.data }
}

const clusterOf = (name: string, entry: ClusterEntry, place: Place): Cluster => {
  const { server, 'certificate-authority-data': caData, 'certificate-authority': authority } = entry
  if (!server) throw refusedKubeconfig(place.path, `no server found for cluster "${name}"`)
  const url = (/^[a-z]+:\/\//i.test(server) ? server : `https://${server}`).replace(/\/$/, '')
  if (!URL.canParse(url)) throw refusedKubeconfig(place.path, `host must be a URL or a host:port pair: "${server}"`)
  const proxy = entry['proxy-url']
  return {
    name,
    server: url,
    // Without TLS there is nothing to verify, and the client must be set up so.
    skipTLSVerify: entry['insecure-skip-tls-verify'] === true || url.startsWith('http:'),
    ...(caData ? { caData } : authority ? { caFile: namedFile(authority, place, 'certificate-authority', name) } : {}),
    ...(entry['tls-server-name'] ? { tlsServerName: entry['tls-server-name'] } : {}),
    ...(proxy ? { proxyUrl: proxyFor(proxy, name, place) } : {}),
  }
}

const proxyFor = (proxy: string, name: string, { path }: Place): string => {
  try {
    return proxyUrl(proxy)
  } catch (cause) {
    throw refusedKubeconfig(path, `invalid proxy-url for cluster "${name}": ${reasonOf(cause)}`, cause)
  }
}

/** What a plugin is given of its cluster, where it asks for that (client.authentication.k8s.io/v1, Cluster). */
const clusterInfo = ({ server, caData, caFile }: Cluster, entry: ClusterEntry): object => {
  const authority = caData ?? (caFile === undefined ? undefined : readFileSync(caFile).toString('base64'))
  const [own] = (entry.extensions ?? []).filter(({ name }) => name === 'client.authentication.k8s.io/exec')
  return {
    server,
    ...(entry['tls-server-name'] ? { 'tls-server-name': entry['tls-server-name'] } : {}),
    ...(entry['insecure-skip-tls-verify'] ? { 'insecure-skip-tls-verify': true } : {}),
    ...(authority === undefined ? {} : { 'certificate-authority-data': authority }),
    ...(entry['proxy-url'] ? { 'proxy-url': entry['proxy-url'] } : {}),
    ...(own ? { config: own.extension } : {}),
  }
}
