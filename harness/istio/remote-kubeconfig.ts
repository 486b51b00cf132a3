import { parse } from 'yaml'
import { z } from 'zod'

/**
 * What a kubeconfig of a remote secret leads to, as far as its own text says it. The text is untrusted: nothing in it
 * is run, no file that it names is read, and no proxy is used.
 */
export type RemoteAccess = {
  server: URL
  /** The authorities that verify the server’s certificate, in PEM; undefined for the well-known ones. */
  authority: string | undefined
  serverName: string | undefined
  /** True where istiod does not verify the server’s certificate. meshproof verifies it anyway. */
  unverified: boolean
  credentials: RemoteCredentials
  /** What istiod refuses to use, in its own words; the name is the option that allows it. */
  refused: { option: string; words: string }[]
  /** True where the authority stands in a file, which istiod looks for in its own pod. */
  authorityFile: boolean
  /** What istiod uses and meshproof does not. Then meshproof cannot try what istiod tries. */
  unused: string[]
}

/** What a remote secret shows the API server. Its values appear in no message. */
export type RemoteCredentials = {
  token?: string
  /** In PEM. */
  certificate?: string
  key?: string
  username?: string
  password?: string
}

const text = z.string().nullish()
const anything = z.unknown().optional()

const ClusterEntry = z.object({
  server: text,
  'certificate-authority-data': text,
  'certificate-authority': text,
  'tls-server-name': text,
  'insecure-skip-tls-verify': z.boolean().nullish(),
  'proxy-url': text,
})

const UserEntry = z.object({
  token: text,
  tokenFile: text,
  username: text,
  password: text,
  'client-certificate': text,
  'client-certificate-data': text,
  'client-key': text,
  'client-key-data': text,
  as: anything,
  exec: anything,
  'auth-provider': z.object({ name: text }).nullish(),
})
type UserEntry = z.infer<typeof UserEntry>

const Named = <T extends z.ZodType>(field: string, entry: T) =>
  z
    .array(
      z.looseObject({ name: z.string() }).transform((named, context) => {
        const parsed = entry.nullish().safeParse(named[field])
        if (parsed.success) return { name: named.name, entry: (parsed.data ?? {}) as z.infer<T> }
        context.addIssue({ code: 'custom', message: `${field} ${named.name} has another form` })
        return z.NEVER
      }),
    )
    .nullish()
    .transform((list) => list ?? [])

const Kubeconfig = z.object({
  clusters: Named('cluster', ClusterEntry),
  users: Named('user', UserEntry),
  contexts: Named('context', z.object({ cluster: text, user: text })),
  'current-context': text,
})

/**
 * Reads the kubeconfig of a remote secret as istiod does (istio.io/istio/pkg/kube, NewUntrustedRestConfig), without
 * doing anything that it says. `malformed` is why istiod cannot use it at all, in its words.
 */
export const readRemoteKubeconfig = (source: string): RemoteAccess | { malformed: string } => {
  if (source.trim() === '') return { malformed: 'kubeconfig is empty' }
  const read = contentOf(source)
  if ('malformed' in read) return read
  const { clusters, users, contexts, 'current-context': current } = read
  const invalid = (why: string): { malformed: string } => ({ malformed: `kubeconfig is not valid: ${why}` })
  if (!current) return invalid('no context chosen: it has no current-context')
  const context = contexts.find(({ name }) => name === current)?.entry
  if (!context) return invalid(`context was not found for specified context: ${current}`)
  const cluster = clusters.find(({ name }) => name === context.cluster)?.entry
  if (!cluster) return invalid(`cluster "${context.cluster ?? ''}" was not found for context "${current}"`)
  const user = users.find(({ name }) => name === context.user)?.entry
  if (!user) return invalid(`user "${context.user ?? ''}" was not found for context "${current}"`)
  if (!cluster.server) return invalid(`no server found for cluster "${context.cluster ?? ''}"`)
  const address = /^https?:\/\//i.test(cluster.server) ? cluster.server : `https://${cluster.server}`
  if (!URL.canParse(address)) return invalid(`host must be a URL or a host:port pair: "${cluster.server}"`)
  const conflict = conflictOf(user)
  if (conflict !== undefined) return invalid(`${conflict} for ${context.user ?? ''}`)
  const authority = decoded(cluster['certificate-authority-data'])
  if (authority !== undefined && !authority.includes('-----BEGIN CERTIFICATE-----'))
    return { malformed: 'unable to load root certificates: unable to parse bytes as PEM block' }
  return {
    server: new URL(address),
    authority,
    serverName: cluster['tls-server-name'] || undefined,
    unverified: cluster['insecure-skip-tls-verify'] === true,
    credentials: credentialsOf(user),
    refused: users.flatMap(({ entry }) => refusalsOf(entry)),
    authorityFile: Boolean(cluster['certificate-authority']) && authority === undefined,
    unused: [
      ...(cluster['proxy-url'] ? ['proxy-url'] : []),
      ...(user.as ? ['as'] : []),
      ...(user['auth-provider'] ? [`auth-provider ${user['auth-provider'].name ?? ''}`] : []),
      ...(user.exec ? ['exec'] : []),
      ...(user.tokenFile ? ['tokenFile'] : []),
      ...(user['client-certificate'] || user['client-key'] ? ['client-certificate (a file)'] : []),
    ],
  }
}

const contentOf = (source: string): z.infer<typeof Kubeconfig> | { malformed: string } => {
  let content: unknown
  try {
    content = parse(source)
  } catch {
    // The parser’s words hold lines of the text, and the text holds a token.
    return { malformed: 'kubeconfig cannot be loaded: it is not YAML' }
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    return { malformed: 'kubeconfig cannot be loaded: it is no mapping of clusters, users and contexts' }
  const parsed = Kubeconfig.safeParse(content)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const place = issue?.path.join('.') ?? ''
  return { malformed: `kubeconfig cannot be loaded: ${place ? `${place}: ` : ''}${issue?.message ?? ''}` }
}

/** What istiod’s sanitizer refuses of a user (istio.io/istio/pkg/kube, sanitizeKubeConfig): it looks at every one. */
const refusalsOf = (user: UserEntry): RemoteAccess['refused'] => {
  const provider = user['auth-provider']?.name
  const options = [
    ...(user['client-key'] ? ['clientKey'] : []),
    ...(user['client-certificate'] ? ['clientCertificate'] : []),
    ...(user.tokenFile ? ['tokenFile'] : []),
    ...(user.exec ? ['exec'] : []),
  ].map((option) => ({ option, words: `${option} is not allowed` }))
  return provider && provider !== 'oidc'
    ? [{ option: provider, words: `auth provider ${provider} is not allowed` }, ...options]
    : options
}

const conflictOf = (user: UserEntry): string | undefined => {
  const certificate = user['client-certificate-data'] || user['client-certificate']
  if (certificate && !(user['client-key-data'] || user['client-key']))
    return 'client-key-data or client-key must be specified'
  return user.token && (user.username || user.password) ? 'more than one authentication method found' : undefined
}

const credentialsOf = (user: UserEntry): RemoteCredentials => {
  const certificate = decoded(user['client-certificate-data'])
  const key = decoded(user['client-key-data'])
  return {
    ...(user.token ? { token: user.token } : {}),
    ...(certificate !== undefined && key !== undefined ? { certificate, key } : {}),
    ...(user.username ? { username: user.username, password: user.password ?? '' } : {}),
  }
}

const decoded = (data: string | null | undefined): string | undefined =>
  data ? Buffer.from(data, 'base64').toString() : undefined

/** Host and port of an API server. */
export const addressOf = ({ hostname, port, protocol }: URL): { host: string; port: number } => ({
  host: hostname.replace(/^\[|\]$/g, ''),
  port: Number(port) || (protocol === 'http:' ? 80 : 443),
})

/** True for a host that means the machine, or the pod, that dials it. */
export const isLoopback = (host: string): boolean => /^(localhost|127\.|0\.0\.0\.0|::1?$)/.test(host)
