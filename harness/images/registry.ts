import { ExecaError } from 'execa'
import { EnvHttpProxyAgent, request, type Dispatcher } from 'undici'
import { docker } from '../engine/docker.ts'
import { Interrupted, MeshproofError, reasonOf } from '../errors.ts'
import { NotNow, patiently, type Patience } from './patience.ts'

/** How long a host may take to answer at all, in milliseconds. */
const patience = 5_000

/** Where the API of a registry lives when that is not the host its image names begin with. */
const endpoints: Readonly<Record<string, string>> = { 'docker.io': 'registry-1.docker.io' }

/** True for a registry on this machine, which docker speaks plain HTTP to. */
export const isLoopback = (host: string): boolean => /^(localhost|127\.\d+\.\d+\.\d+)(:\d+)?$/.test(host)

let agent: Dispatcher | undefined

/** The way out of this machine: the user's proxy variables apply, and a connection is made within 5 s or not at all. */
export const wayOut = (): Dispatcher => (agent ??= new EnvHttpProxyAgent({
  connect: { timeout: patience },
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
    next: 'Use --images=source, which needs package registries alone; or let this machine reach it (HTTPS_PROXY is honoured).',
    cause,
  })

/** What became of asking a registry: the HTTP status it answered with, or why there was no answer. */
export type RegistryAnswer = { host: string; status: number } | { host: string; why: string; cause: unknown }

/**
 * Asks `host` (as image names spell it: docker.io, quay.io) for its API and knows within 5 s. Any HTTP status is an answer: a
 * registry asks anonymous callers to log in, and a host that is no registry says that it lacks the page.
 * @throws Interrupted when the signal fires.
 */
export const registryAnswers = async (host: string, signal?: AbortSignal): Promise<RegistryAnswer> => {
  const scheme = isLoopback(host) ? 'http' : 'https'
  try {
    const { statusCode, body } = await request(`${scheme}://${endpoints[host] ?? host}/v2/`, {
      dispatcher: wayOut(),
      signal: AbortSignal.any([AbortSignal.timeout(patience), ...(signal ? [signal] : [])]),
    })
    body.on('error', () => undefined).destroy()
    return { host, status: statusCode }
  } catch (cause) {
    if (signal?.aborted) throw new Interrupted()
    return { host, why: whyUnreachable(cause), cause }
  }
}

/**
 * Makes sure that every host answers; all are asked at once, so it is known within 5 s.
 * @throws MeshproofError MP-320 that names the first host that does not, why, and the others; Interrupted when the signal fires.
 */
export const requireRegistries = async (hosts: Iterable<string>, signal?: AbortSignal): Promise<void> => {
  const answers = await Promise.all([...new Set(hosts)].map((host) => registryAnswers(host, signal)))
  const [first, ...others] = answers.filter((answer) => 'why' in answer)
  if (!first) return
  const nor = others.length > 0 ? `; nor do ${others.map(({ host }) => host).join(', ')}` : ''
  throw hostUnreachable(first.host, `${first.why}${nor}`, first.cause)
}

/** What Go’s programs (docker, skopeo) say of a host that they cannot reach. */
export const noWayTo = /dial tcp|no such host|server misbehaving|Client\.Timeout|i\/o timeout|deadline exceeded|proxyconnect|EOF$/m

/** What they say of a registry that may do later what it does not do now. */
export const busy = /toomanyrequests|too many requests|HTTP (?:status:? )?(?:429|5\d\d)|\b5\d\d (?:Internal Server Error|Bad Gateway|Service Unavailable|Gateway Time-?out)|connection reset by peer|unexpected EOF/i

/** An image of a registry: its name with host and tag, and the digest it is pinned to. */
export type PublishedImage = { name: string; digest: string | undefined }

/** An image's name without its tag. */
export const repositoryOf = ({ name }: PublishedImage): string => name.replace(/:[\w.-]+$/, '')

/** The registry of an image, as its name spells it. */
export const hostOf = ({ name }: PublishedImage): string => name.split('/')[0] ?? ''

/**
 * The same image in a mirror (`host` or `host/prefix`): its whole published name is part of its name there, so that nothing collides. A
 * port’s colon has no place in the middle of a name.
 */
export const mirroredIn = (registry: string | undefined, { name, digest }: PublishedImage): PublishedImage =>
  ({ name: registry === undefined ? name : `${registry}/${name.replace(/^([^/:]+):(\d+)\//, '$1_$2/')}`, digest })

/** What the engine calls an image once it is pulled: by digest, so that no other can take its place; by tag without a pin. */
export const referenceOf = (image: PublishedImage): string => (image.digest ? `${repositoryOf(image)}@${image.digest}` : image.name)

/**
 * Has the engine pull an image for its own architecture, with the credentials that docker itself finds; docker checks the digest. A
 * registry that is busy (429, 5xx) is asked again.
 * @throws MeshproofError MP-320 when the engine cannot reach the registry, MP-323 when it gets no image from it; Interrupted when the signal fires.
 */
export const pull = (image: PublishedImage, arch: string, patience: Patience = {}): Promise<void> =>
  transfer(['pull', '--quiet', '--platform', `linux/${arch}`, referenceOf(image)], image, 'A published image could not be pulled', patience)

/** Has the engine push an image of its own to the registry that its name begins with. @throws as pull does. */
export const push = (name: string, patience: Patience = {}): Promise<void> => transfer(['push', '--quiet', name], { name, digest: undefined }, 'An image could not be pushed', patience)

const transfer = (args: string[], image: PublishedImage, what: string, patience: Patience): Promise<void> => patiently(async () => {
  try {
    await docker(args, { signal: patience.signal })
  } catch (error) {
    throw explainTransfer(error, image, what)
  }
}, patience)

/** The digest an image was pulled by; of one without a pin, what the engine remembers. @throws MeshproofError MP-202 and MP-323 when it does not. */
export const pulledDigest = async (image: PublishedImage): Promise<string> => {
  if (image.digest) return image.digest
  const all = await docker(['image', 'inspect', '--format', '{{range .RepoDigests}}{{println .}}{{end}}', image.name])
  // The engine leaves docker.io out of names.
  const own = all.split('\n').map((line) => line.split('@')).find(([repository = '']) => [repository, `docker.io/${repository}`].includes(repositoryOf(image)))
  if (own?.[1]) return own[1]
  throw new MeshproofError('MP-323', { what: 'The engine does not tell what it pulled', where: image.name, next: 'Run the same command again.' })
}

const explainTransfer = (error: unknown, image: PublishedImage, what: string): unknown => {
  const output = error instanceof MeshproofError && error.cause instanceof ExecaError ? (error.cause.stderr ?? '').trim() : ''
  if (!output || /Cannot connect to the Docker daemon|error during connect/i.test(output)) return error
  const why = output.split('\n').at(-1)?.replace(/^Error response from daemon: /, '') ?? ''
  if (noWayTo.test(output)) {
    return hostUnreachable(hostOf(image), `asked by the engine: ${why}`, error)
  }
  const failed = new MeshproofError('MP-323', {
    what, where: referenceOf(image), why,
    next: 'Run the same command again: layers that arrived are kept. Or use --images=source.', cause: error,
  })
  const reason = busy.exec(output)?.[0]
  return reason === undefined ? failed : new NotNow(failed, `${hostOf(image)}: ${reason}`)
}
