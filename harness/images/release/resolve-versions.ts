import maxSatisfying from 'semver/ranges/max-satisfying.js'
import { MeshproofError } from '#errors.ts'
import type { Wanted } from '#images/images.ts'
import type { Patience } from './patience.ts'
import { hostOf, mirroredIn, repositoryOf, requireRegistries, type PublishedImage } from './registry.ts'
import {
  pinnedGatewayApi,
  pinnedHelm,
  pinnedIstio,
  pinnedVersions,
  type Release,
  type Versions,
} from './release-plan.ts'
import { requireSkopeo, tagsOf } from './skopeo.ts'

/**
 * The complete versions for a run. Without a version it is the pinned one. For a minor (1.33) it is the newest patch
 * for which the registry, or the mirror, has an image. Only for a minor a registry is asked.
 * @throws MeshproofError MP-320 when that registry does not answer, MP-331 without skopeo, MP-332 when it refuses,
 * MP-333 when it has no patch of that minor, MP-330 for pins without Helm where it installs the mesh,
 * or without the Gateway API where gateways are its resources.
 */
export const resolveVersions = async (
  release: Release,
  { istio, kubernetes, kind, registry, installer, gateways, pins }: Omit<Wanted, 'images'>,
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
    ...(installer === 'helm' ? { helm: pinnedHelm(release, pins) } : {}),
    ...(gateways === 'gateway-api' ? { gatewayApi: pinnedGatewayApi(release, pins) } : {}),
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
    next: 'Name a published version. meshproof images list --images=release shows the pinned ones.',
  })
}
