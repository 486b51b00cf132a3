import { EnvHttpProxyAgent, request, type Dispatcher } from 'undici'
import { Interrupted, MeshproofError, reasonOf } from '#errors.ts'

/** How long a host may take to answer at all, in milliseconds. */
const answersWithin = 5_000

/** Where the API of a registry lives when that is not the host its image names begin with. */
const endpoints: Readonly<Record<string, string>> = { 'docker.io': 'registry-1.docker.io' }

/** True for a registry on this machine, which docker speaks plain HTTP to. */
export const isLoopback = (host: string): boolean => /^(localhost|127\.\d+\.\d+\.\d+)(:\d+)?$/.test(host)

let agent: Dispatcher | undefined

/** The way out of this machine: the user's proxy variables apply, and a connection is made within 5 s or not at all. */
export const wayOut = (): Dispatcher =>
  (agent ??= new EnvHttpProxyAgent({
    connect: { timeout: answersWithin },
    // Go's clients, docker's among them, never ask a proxy for this machine itself; a proxy that is asked refuses.
    noProxy: [process.env['no_proxy'] ?? process.env['NO_PROXY'] ?? '', 'localhost', '127.0.0.1'].join(','),
  }))

const meanings: Readonly<Record<string, string>> = {
  ENOTFOUND: 'ENOTFOUND, the name does not resolve',
  EAI_AGAIN: 'EAI_AGAIN, no name server answers',
  ECONNREFUSED: 'ECONNREFUSED, the connection is refused',
  ETIMEDOUT: 'timed out',
  TimeoutError: 'timed out',
  UND_ERR_CONNECT_TIMEOUT: 'timed out',
  UND_ERR_HEADERS_TIMEOUT: 'timed out',
}

/** Why a host gave no answer, in a few words: the system's code and what it means. */
export const whyUnreachable = (thrown: unknown): string => {
  if (!(thrown instanceof Error)) return reasonOf(thrown)
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : thrown.name
  return meanings[code] ?? (thrown.message ? reasonOf(thrown) : code)
}

/** The error for a host of published artifacts that cannot be reached: MP-320. */
export const hostUnreachable = (host: string, why: string, cause?: unknown): MeshproofError =>
  new MeshproofError('MP-320', {
    what: `${host} does not answer`,
    why,
    next:
      'Use --images=source, which needs package registries alone; or let this machine reach it (HTTPS_PROXY is ' +
      'honoured).',
    cause,
  })

/** What became of asking a registry: the HTTP status it answered with, or why there was no answer. */
export type RegistryAnswer = { host: string; status: number } | { host: string; why: string; cause: unknown }

/**
 * Asks `host` (as image names spell it: docker.io, quay.io) for its API and waits at most `within` milliseconds. Any
 * HTTP status is an answer: a registry asks anonymous callers to log in, and a host that is no registry says that it
 * lacks the page.
 * @throws Interrupted when the signal fires.
 */
export const registryAnswers = async (
  host: string,
  signal?: AbortSignal,
  within = answersWithin,
): Promise<RegistryAnswer> => {
  const scheme = isLoopback(host) ? 'http' : 'https'
  try {
    const { statusCode, body } = await request(`${scheme}://${endpoints[host] ?? host}/v2/`, {
      dispatcher: wayOut(),
      signal: AbortSignal.any([AbortSignal.timeout(within), ...(signal ? [signal] : [])]),
    })
    body.on('error', () => undefined).destroy()
    return { host, status: statusCode }
  } catch (cause) {
    if (signal?.aborted) throw new Interrupted()
    return { host, why: whyUnreachable(cause), cause }
  }
}

/**
 * Makes sure that every host answers within `within` milliseconds. It asks every host at the same time.
 * @throws MeshproofError MP-320 that names the first host that does not, why, and the others; Interrupted when the
 * signal fires.
 */
export const requireRegistries = async (
  hosts: Iterable<string>,
  signal?: AbortSignal,
  within = answersWithin,
): Promise<void> => {
  const answers = await Promise.all([...new Set(hosts)].map((host) => registryAnswers(host, signal, within)))
  const [first, ...others] = answers.filter((answer) => 'why' in answer)
  if (!first) return
  const nor = others.length > 0 ? `; nor do ${others.map(({ host }) => host).join(', ')}` : ''
  throw hostUnreachable(first.host, `${first.why}${nor}`, first.cause)
}

/** An image of a registry: its name with host and tag, and the digest it is pinned to. */
export type PublishedImage = { name: string; digest: string | undefined }

/** An image's name without its tag. */
export const repositoryOf = ({ name }: PublishedImage): string => name.replace(/:[\w.-]+$/, '')

/** The registry of an image, as its name spells it. */
export const hostOf = ({ name }: PublishedImage): string => name.split('/')[0] ?? ''

/**
 * The same image in a mirror (`host` or `host/prefix`): its whole published name is part of its name there, so that
 * nothing collides. A port’s colon has no place in the middle of a name.
 */
export const mirroredIn = (registry: string | undefined, { name, digest }: PublishedImage): PublishedImage => ({
  name: registry === undefined ? name : `${registry}/${name.replace(/^([^/:]+):(\d+)\//, '$1_$2/')}`,
  digest,
})

/**
 * What the engine calls an image once it is pulled: by digest, so that no other can take its place; by tag without a
 * pin.
 */
export const referenceOf = (image: PublishedImage): string =>
  image.digest ? `${repositoryOf(image)}@${image.digest}` : image.name
