import pMap from 'p-map'
import { docker } from '#engine/docker.ts'
import { named, tellOf, type BuildProgress } from '#images/build.ts'
import { packFiles, withFiles } from './files.ts'
import { digestsLabel, digestsIn, spelledDigests } from './digests-label.ts'
import { MeshproofError } from '#errors.ts'
import type { Patience } from './patience.ts'
import { hostOf, mirroredIn, repositoryOf, requireRegistries, type PublishedImage } from './registry.ts'
import type { ReleasePlan } from './release-plan.ts'
import { copyImage, remoteDigest, remoteLabels, requireSkopeo } from './skopeo.ts'
import { push } from './transfer.ts'

/** Registries are asked for so many digests at a time. */
const atOnce = 8

/** A guess that feeds the estimate of what remains. */
const secondsAnImage = 20

/** What became of a mirror: the names that were copied, and those that were there already. */
export type Mirrored = { copied: string[]; there: string[] }

/** An image as a mirror has it, beside what it should be; undefined where there is none, or its state is unknown. */
export type Difference = { name: string; expected: string | undefined; found: string | undefined }

const everyImage = ({ node, images }: Pick<ReleasePlan, 'node' | 'images'>): PublishedImage[] => [node, ...images]

/**
 * Every image of a plan with its digest: the pinned one, or what its registry has now; of a mirror, always what is
 * there.
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
    await reachable(images, patience.signal),
    async ({ name, digest }) => ({ name, digest: digest ?? (await remoteDigest(name, patience)) }),
    { concurrency: atOnce },
  )
}

/**
 * Copies into a mirror what it lacks, with all platforms and unchanged; what has the same digest there is left alone.
 * Files go along as one image, which also records the digests of everything, since some are pinned by tag alone.
 * @throws MeshproofError MP-334 for an image that is not published; MP-320 and MP-331 to MP-333 as registries and
 * skopeo go; MP-202 and MP-3xx when the image of files cannot be made.
 */
export const mirror = async (
  plan: ReleasePlan,
  to: string,
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
): Promise<Mirrored> => {
  const asking = { signal, tell: tellOf(progress, 'digests') }
  const published = await listPublished(plan, undefined, asking)
  const targets = await reachable(
    published.map(({ name, digest }) => mirroredIn(to, { name, digest })),
    signal,
  )
  const found = await pMap(targets, ({ name }) => unlessRefused(remoteDigest(name, asking)), { concurrency: atOnce })
  const due = published.filter(({ digest }, index) => digest === undefined || digest !== found[index])
  const record = spelledDigests(published.map(({ name, digest = '' }) => [name, digest]))
  const target = mirroredIn(to, { name: plan.files, digest: undefined }).name
  const filesDue = (await unlessRefused(remoteLabels(target, asking)))?.[digestsLabel] !== record
  const of = due.length + (filesDue ? 1 : 0)
  for (const [done, { name, digest }] of due.entries()) {
    if (digest === undefined)
      throw new MeshproofError('MP-334', {
        what: 'An image is not published',
        where: name,
        next: 'Name versions that are.',
      })
    const tell = (waitsFor: string): void =>
      progress({ building: [named(name, waitsFor)], done, of, remaining: (of - done) * secondsAnImage })
    tell('')
    await copyImage(`${repositoryOf({ name, digest })}@${digest}`, mirroredIn(to, { name, digest }).name, {
      signal,
      tell,
    })
  }
  if (filesDue) {
    const tell = (waitsFor: string): void =>
      progress({ building: [named('files', waitsFor)], done: due.length, of, remaining: secondsAnImage })
    tell('')
    await withFiles(plan, undefined, (fetch) => packFiles(plan, { [digestsLabel]: record }, fetch, { signal, tell }))
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
 * Compares what a mirror has with what is pinned, and with what was recorded when it was filled, where only a tag is
 * pinned. The publishers are not asked.
 * @throws MeshproofError MP-320 when the mirror does not answer, MP-331 without skopeo, MP-332 when it refuses.
 */
export const verifyMirror = async (
  plan: ReleasePlan,
  registry: string,
  patience: Patience = {},
): Promise<{ same: string[]; differing: Difference[] }> => {
  const files = mirroredIn(registry, { name: plan.files, digest: undefined })
  const [found, labels] = await Promise.all([
    listPublished(plan, registry, patience),
    reachable([files], patience.signal).then(() => remoteLabels(files.name, patience)),
  ])
  const recorded = digestsIn(labels?.[digestsLabel] ?? '')
  const compared = everyImage(plan).map(({ name, digest }, index) => ({
    name,
    expected: digest ?? recorded.get(name),
    found: found[index]?.digest,
  }))
  const isSame = ({ expected, found: has }: Difference): boolean => expected !== undefined && expected === has
  return {
    same: [...compared.filter(isSame).map(({ name }) => name), ...(labels ? [plan.files] : [])],
    differing: [
      ...compared.filter((one) => !isSame(one)),
      ...(labels ? [] : [{ name: plan.files, expected: undefined, found: undefined }]),
    ],
  }
}

/** Some registries refuse to speak of what they do not have yet. Whether they take it is told by copying it. */
const unlessRefused = <Answer>(answer: Promise<Answer>): Promise<Answer | undefined> =>
  answer.catch((error: unknown) => {
    if (error instanceof MeshproofError && error.code === 'MP-332') return undefined
    throw error
  })

/** The same images, once their registries answer and skopeo is there. */
const reachable = async (images: PublishedImage[], signal?: AbortSignal): Promise<PublishedImage[]> => {
  const asked = images.filter(({ digest }) => digest === undefined)
  await requireRegistries(asked.map(hostOf), signal)
  if (asked.length > 0) await requireSkopeo(signal)
  return images
}
