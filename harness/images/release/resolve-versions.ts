import maxSatisfying from 'semver/ranges/max-satisfying.js'
import { MeshproofError } from '#errors.ts'
import type { Wanted } from '#images/images.ts'
import type { Patience } from './patience.ts'
import { hostOf, mirroredIn, repositoryOf, requireRegistries, type PublishedImage } from './registry.ts'
import { pinnedIstio, pinnedVersions, type Release, type Versions } from './release-plan.ts'
import { requireSkopeo, tagsOf } from './skopeo.ts'

/**
 * The whole versions that are meant: those that are pinned where none is asked for, and of a minor (1.33) the newest
 * patch that its registry, or the mirror, has an image of. Only for such a minor anything is asked.
 * @throws MeshproofError MP-320 when that registry does not answer, MP-331 without skopeo, MP-332 when it refuses,
 * MP-333 when it has no patch of that minor.
 */
export const resolveVersions = async (
  release: Release,
  { istio, kubernetes, kind, registry }: Omit<Wanted, 'images'>,
  patience: Patience = {},
): Promise<Versions> => {
  const pinned = pinnedVersions(release)
  const pilot = { name: `${release.roles['hub'] ?? ''}/pilot:${pinnedIstio(release)}`, digest: undefined }
  const whole = async (asked: string, image: PublishedImage): Promise<string> =>
    /^v?\d+\.\d+$/.test(asked) ? newestPatch(mirroredIn(registry, image), asked, patience) : asked
  return {
    istio: istio === undefined ? pinned.istio : [await whole(istio, pilot)],
    kubernetes:
      kubernetes === undefined ? pinned.kubernetes : `v${(await whole(kubernetes, release.node)).replace(/^v/, '')}`,
    kind: kind?.replace(/^v/, '') ?? pinned.kind,
  }
}

/** Tags with more behind the patch (`-rc.1`, `-distroless`) are no releases. */
const newestPatch = async (image: PublishedImage, minor: string, patience: Patience): Promise<string> => {
  await requireRegistries([hostOf(image)], patience.signal)
  await requireSkopeo(patience.signal)
  const repository = repositoryOf(image)
  const newest = maxSatisfying(await tagsOf(repository, patience), minor)
  if (newest !== null) return newest.replace(/^v/, '')
  throw new MeshproofError('MP-333', {
    what: 'No release of that minor version is published',
    where: `${repository}, ${minor}`,
    next: 'Name a version that is: meshproof images list --images=release tells those that are pinned.',
  })
}
