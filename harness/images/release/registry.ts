import { EnvHttpProxyAgent, request, type Dispatcher } from 'undici'
import { Interrupted, MeshproofError, reasonOf } from '#errors.ts'

/** How long a host may take until it answers, in milliseconds. */
const answersWithin = 5_000

/** The host of a registry’s API, where it is not the host in the image names. */
const endpoints: Readonly<Record<string, string>> = { 'docker.io': 'registry-1.docker.io' }

/** True for a registry on this machine, with which docker uses plain HTTP. */
export const isLoopback = (host: string): boolean => /^(localhost|127\.\d+\.\d+\.\d+)(:\d+)?$/.test(host)

let agent: Dispatcher | undefined

/** The HTTP agent for other hosts. The user's proxy variables apply. It waits at most 5 s for a connection. */
export const outboundAgent = (): Dispatcher =>
  (agent ??= new EnvHttpProxyAgent({
    connect: { timeout: answersWithin },
    // Like docker, use no proxy for this machine itself. A proxy would refuse such a request.
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

/** Why a host did not answer: the code of the system and its meaning. */
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
      'Use --images=source, which needs package registries only. Or make the host reachable from this machine; ' +
      'HTTPS_PROXY applies.',
    cause,
  })

/** The HTTP status that a registry answered with, or why it did not answer. */
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
      dispatcher: outboundAgent(),
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

/** An image of a registry: its name with host and tag, and its pinned digest. */
export type PublishedImage = { name: string; digest: string | undefined }

/** An image's name without its tag. */
export const repositoryOf = ({ name }: PublishedImage): string => name.replace(/:[\w.-]+$/, '')

/** The registry of an image, as its name spells it. */
export const hostOf = ({ name }: PublishedImage): string => name.split('/')[0] ?? ''

/**
 * The same image in a mirror (`host` or `host/prefix`). Its name there contains its whole published name, so that no
 * two images have the same name. The colon of a port becomes an underscore.
 */
export const mirroredIn = (registry: string | undefined, { name, digest }: PublishedImage): PublishedImage => ({
  name: registry === undefined ? name : `${registry}/${name.replace(/^([^/:]+):(\d+)\//, '$1_$2/')}`,
  digest,
})

/**
 * The engine's name of a pulled image: by digest, so that it is exactly the pinned image, or by tag where no digest is
 * pinned.
 */
export const referenceOf = (image: PublishedImage): string =>
  image.digest ? `${repositoryOf(image)}@${image.digest}` : image.name
