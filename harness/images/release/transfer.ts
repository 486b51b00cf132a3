import { ExecaError } from 'execa'
import { docker } from '#engine/docker.ts'
import { MeshproofError } from '#errors.ts'
import { NotNow, patiently, type Patience } from './patience.ts'
import { hostOf, hostUnreachable, referenceOf, repositoryOf, type PublishedImage } from './registry.ts'

/** Messages of programs in Go (docker, skopeo) about a host that they cannot reach. */
export const unreachableHost =
  /dial tcp|no such host|server misbehaving|Client\.Timeout|i\/o timeout|deadline exceeded|proxyconnect|EOF$/m

/** Messages of these programs about a registry that refuses now and may accept later. */
export const busyRegistry = new RegExp(
  [
    'toomanyrequests|too many requests',
    String.raw`HTTP (?:status:? )?(?:429|5\d\d)`,
    String.raw`\b5\d\d \(?(?:Internal Server Error|Bad Gateway|Service Unavailable|Gateway Time-?out)`,
    'connection reset by peer|unexpected EOF',
  ].join('|'),
  'i',
)

/**
 * Makes the engine pull an image for its architecture, with the credentials that docker finds. docker checks the
 * digest. A registry that is busy (429, 5xx) is asked again.
 * @throws MeshproofError MP-320 when the engine cannot reach the registry, MP-323 when the pull fails otherwise;
 * Interrupted when the signal fires.
 */
export const pull = (image: PublishedImage, arch: string, patience: Patience = {}): Promise<void> =>
  transfer(
    ['pull', '--quiet', '--platform', `linux/${arch}`, referenceOf(image)],
    image,
    'A published image could not be pulled',
    patience,
  )

/** Makes the engine push an image to the registry in its name. @throws as pull does. */
export const push = (name: string, patience: Patience = {}): Promise<void> =>
  transfer(['push', '--quiet', name], { name, digest: undefined }, 'An image could not be pushed', patience)

const transfer = (args: string[], image: PublishedImage, what: string, patience: Patience): Promise<void> =>
  patiently(async () => {
    try {
      await docker(args, { signal: patience.signal })
    } catch (error) {
      throw explainTransfer(error, image, what)
    }
  }, patience)

/**
 * The digest of a pulled image: the pinned one, or the one that the engine recorded.
 * @throws MeshproofError MP-202 or MP-323 when the engine has recorded none.
 */
export const pulledDigest = async (image: PublishedImage): Promise<string> => {
  if (image.digest) return image.digest
  const recorded = await docker([
    'image',
    'inspect',
    '--format',
    '{{range .RepoDigests}}{{println .}}{{end}}',
    image.name,
  ])
  // The engine leaves docker.io out of names.
  const match = recorded
    .split('\n')
    .map((line) => line.split('@'))
    .find(([repository = '']) => [repository, `docker.io/${repository}`].includes(repositoryOf(image)))
  if (match?.[1]) return match[1]
  throw new MeshproofError('MP-323', {
    what: 'The engine has no digest of an image that it pulled',
    where: image.name,
    next: 'Run the same command again.',
  })
}

const explainTransfer = (error: unknown, image: PublishedImage, what: string): unknown => {
  const output =
    error instanceof MeshproofError && error.cause instanceof ExecaError ? (error.cause.stderr ?? '').trim() : ''
  if (!output || /Cannot connect to the Docker daemon|error during connect/i.test(output)) return error
  const why =
    output
      .split('\n')
      .at(-1)
      ?.replace(/^Error response from daemon: /, '') ?? ''
  if (unreachableHost.test(output)) {
    return hostUnreachable(hostOf(image), `asked by the engine: ${why}`, error)
  }
  const failed = new MeshproofError('MP-323', {
    what,
    where: referenceOf(image),
    why,
    next: 'Run the same command again: layers that arrived are kept. Or use --images=source.',
    cause: error,
  })
  const reason = busyRegistry.exec(output)?.[0]
  return reason === undefined ? failed : new NotNow(failed, `${hostOf(image)}: ${reason}`)
}
