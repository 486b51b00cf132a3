import pMap from 'p-map'
import { docker } from '#engine/docker.ts'
import { withWait, tellOf, type BuildProgress, type NamedDownload } from '#images/build-progress.ts'
import { packFiles, withFiles } from './files.ts'
import { digestsLabel, digestsIn, digestsLabelValue } from './digests-label.ts'
import { MeshproofError } from '#errors.ts'
import type { Patience, Tell, TellArrived } from './patience.ts'
import { hostOf, mirroredIn, repositoryOf, requireRegistries, type PublishedImage } from './registry.ts'
import type { ReleasePlan } from './release-plan.ts'
import { copyImage, remoteDigest, remoteLabels, requireSkopeo } from './skopeo.ts'
import { push } from './transfer.ts'

/** How many digests are requested at the same time. */
const concurrency = 8

/** A guess for the estimate of the remaining time. */
const secondsAnImage = 20

/** The images that were copied into a mirror, and those that it had already. */
export type Mirrored = { copied: string[]; there: string[] }

/**
 * The digest of an image in a mirror (undefined where it is missing) and the expected one (undefined where unknown).
 */
export type Difference = { name: string; expected: string | undefined; found: string | undefined }

const everyImage = ({ node, images }: Pick<ReleasePlan, 'node' | 'images'>): PublishedImage[] => [node, ...images]

/**
 * Every image of a plan with its digest: the pinned digest, or the one that its registry has now. With a mirror it is
 * always the digest that the mirror has now.
 * @throws MeshproofError MP-320 when a registry does not answer, MP-331 without skopeo, MP-332 when one refuses.
 */
export const listPublished = async (
  plan: ReleasePlan,
  registry: string | undefined,
  patience: Patience = {},
): Promise<{ name: string; digest: string | undefined }[]> => {
  const images = everyImage(plan).map((image) =>
    registry === undefined ? image : { ...mirroredIn(registry, image), digest: undefined },
  )
  return pMap(
    await requireReachable(images, patience.signal),
    async ({ name, digest }) => ({ name, digest: digest ?? (await remoteDigest(name, patience)) }),
    { concurrency },
  )
}

/**
 * Copies images that a mirror lacks into it, unchanged and with every platform. Images that have the same digest there
 * are not copied. The files are copied as one image. It also records the digest of every image, because some images are
 * pinned by tag alone.
 * @throws MeshproofError MP-334 for an image that is not published; MP-320 and MP-331 to MP-333 for registries and
 * skopeo; MP-202 and MP-3xx when the image of files cannot be made.
 */
export const mirror = async (
  plan: ReleasePlan,
  to: string,
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
): Promise<Mirrored> => {
  const asking = { signal, tell: tellOf(progress, 'digests') }
  const published = await listPublished(plan, undefined, asking)
  const targets = await requireReachable(
    published.map(({ name, digest }) => mirroredIn(to, { name, digest })),
    signal,
  )
  const digests = await pMap(targets, ({ name }) => unlessRefused(remoteDigest(name, asking)), { concurrency })
  const due = published.filter(({ digest }, index) => digest === undefined || digest !== digests[index])
  const record = digestsLabelValue(published.map(({ name, digest = '' }) => [name, digest]))
  const target = mirroredIn(to, { name: plan.files, digest: undefined }).name
  const filesDue = (await unlessRefused(remoteLabels(target, asking)))?.[digestsLabel] !== record
  const total = due.length + (filesDue ? 1 : 0)
  for (const [done, { name, digest }] of due.entries()) {
    if (digest === undefined)
      throw new MeshproofError('MP-334', {
        what: 'An image is not published',
        where: name,
        next: 'Name versions that are published.',
      })
    const tell = (waitsFor: string): void =>
      progress({ building: [withWait(name, waitsFor)], done, of: total, remaining: (total - done) * secondsAnImage })
    tell('')
    await copyImage(`${repositoryOf({ name, digest })}@${digest}`, mirroredIn(to, { name, digest }).name, {
      signal,
      tell,
    })
  }
  if (filesDue) {
    const shown = (waitsFor: string, downloads: NamedDownload[] = []): void =>
      progress({
        building: [withWait('files', waitsFor)],
        done: due.length,
        of: total,
        remaining: secondsAnImage,
        ...(downloads.length > 0 ? { downloads } : {}),
      })
    const tell: Tell = (waitsFor) => {
      shown(waitsFor)
    }
    const arrived: TellArrived = (transferred) => {
      shown('', [{ name: 'files', ...transferred }])
    }
    tell('')
    await withFiles(plan, undefined, (fetch) =>
      packFiles(plan, { [digestsLabel]: record }, fetch, { signal, tell, arrived }),
    )
    await docker(['tag', plan.files, target], { signal })
    try {
      await push(target, { signal, tell })
    } finally {
      await docker(['rmi', target])
    }
  }
  const copied = [...due.map(({ name }) => name), ...(filesDue ? [plan.files] : [])]
  return { copied, there: [...published.map(({ name }) => name), plan.files].filter((name) => !copied.includes(name)) }
}

/**
 * Compares the images of a mirror with the pinned digests. Where only a tag is pinned, it compares with the digest that
 * was recorded when the mirror was filled. It sends no request to the publishers.
 * @throws MeshproofError MP-320 when the mirror does not answer, MP-331 without skopeo, MP-332 when it refuses.
 */
export const verifyMirror = async (
  plan: ReleasePlan,
  registry: string,
  patience: Patience = {},
): Promise<{ same: string[]; differing: Difference[] }> => {
  const files = mirroredIn(registry, { name: plan.files, digest: undefined })
  const [images, labels] = await Promise.all([
    listPublished(plan, registry, patience),
    requireReachable([files], patience.signal).then(() => remoteLabels(files.name, patience)),
  ])
  const recorded = digestsIn(labels?.[digestsLabel] ?? '')
  const compared = everyImage(plan).map(({ name, digest }, index) => ({
    name,
    expected: digest ?? recorded.get(name),
    found: images[index]?.digest,
  }))
  const isSame = (image: Difference): boolean => image.expected !== undefined && image.expected === image.found
  return {
    same: [...compared.filter(isSame).map(({ name }) => name), ...(labels ? [plan.files] : [])],
    differing: [
      ...compared.filter((image) => !isSame(image)),
      ...(labels ? [] : [{ name: plan.files, expected: undefined, found: undefined }]),
    ],
  }
}

/** Some registries refuse requests for an image that they do not have. Copying shows whether they accept the image. */
const unlessRefused = <Answer>(answer: Promise<Answer>): Promise<Answer | undefined> =>
  answer.catch((error: unknown) => {
    if (error instanceof MeshproofError && error.code === 'MP-332') return undefined
    throw error
  })

/** Returns the images once the registries that are needed answer and skopeo is installed. */
const requireReachable = async (images: PublishedImage[], signal?: AbortSignal): Promise<PublishedImage[]> => {
  const unpinned = images.filter(({ digest }) => digest === undefined)
  await requireRegistries(unpinned.map(hostOf), signal)
  if (unpinned.length > 0) await requireSkopeo(signal)
  return images
}
