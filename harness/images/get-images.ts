import type { EngineInfo } from '#engine/docker.ts'
import { MeshproofError } from '#errors.ts'
import { tellOf, type BuildProgress } from './build.ts'
import { istioOfClusters, type IstioOfClusters, istioVersions } from './istio-of-clusters.ts'
import type { Images, ImageSource, UpgradeImages, Upgrading, Wanted } from './images.ts'
import { planRelease, releaseImages, releaseUpgrade } from '#images/release/release.ts'
import { sourceImages, sourceUpgrade } from '#images/source/source.ts'

/**
 * Gets a lab's images from the source that `resolveImageSource` has settled, and says in one line which it is and why.
 * Under `auto` these are the published images, once every registry has answered (5 s at most, nothing when they are
 * here already). They are built from source where a host does not answer, be it later, in the middle of a pull. A
 * source build that is already cached does not change that order: which images a run gets depends on what can be
 * reached, not on what ran before.
 * @throws MeshproofError whatever the taken way throws; under `auto`, never MP-320.
 */
export const getImages = async (
  given: Wanted,
  engine: EngineInfo,
  say: (line: string) => void,
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
): Promise<Images> => {
  const { images: wanted, registry } = given
  const [istio, other] = istioVersions(given.istio)
  const ofClusters = istioOfClusters(given.istio)
  if (ofClusters && other !== undefined && wanted !== 'auto')
    return mixedImages(wanted, ofClusters, given, engine, say, progress, signal)
  const asked = { ...given, istio }
  if (wanted === 'source') {
    say(`Images: source (${asked.istioSource === undefined ? 'as asked' : `Istio from ${asked.istioSource}`})`)
    return sourceImages(asked, engine, progress, signal)
  }
  try {
    const planned = await planRelease(asked, engine, { signal, tell: tellOf(progress, 'versions') })
    const why = wanted === 'auto' ? 'every registry answers' : 'as asked'
    say(`Images: release (${registry === undefined ? why : `from ${registry}`})`)
    return await releaseImages(planned, progress, signal)
  } catch (error) {
    if (wanted !== 'auto' || !(error instanceof MeshproofError) || error.code !== 'MP-320') throw error
    say(`Images: source (${error.message})`)
    return sourceImages(asked, engine, progress, signal)
  }
}

/**
 * Gets the images of both releases of an upgrade, in one node image, from the source that `resolveUpgradeSource` has
 * settled, and says in one line which it is and why. `asked` is what the user wanted.
 * @throws MeshproofError whatever the taken way throws.
 */
export const getUpgradeImages = async (
  source: ImageSource,
  asked: Wanted,
  { from, to }: Upgrading,
  engine: EngineInfo,
  say: (line: string) => void,
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
): Promise<UpgradeImages> => {
  say(`Images: ${source} (${asked.images === 'auto' ? `it has ${from} and ${to}` : 'as asked'})`)
  if (source === 'source') return sourceUpgrade(asked, engine, { from, to }, progress, signal)
  const { pins, registry, kubernetes, kind } = asked
  const published = { pins, registry, kubernetes, kind }
  const planned = await planRelease(published, engine, { signal, tell: tellOf(progress, 'versions') }, { from, to })
  return releaseUpgrade(planned, { from, to }, progress, signal)
}

/**
 * Gets the images of a mesh whose clusters run two releases, in one node image. What the clusters share is that of the
 * first release.
 */
const mixedImages = async (
  source: ImageSource,
  ofClusters: IstioOfClusters,
  asked: Wanted,
  engine: EngineInfo,
  say: (line: string) => void,
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
): Promise<Images> => {
  const [first = '', second = first] = istioVersions(asked.istio)
  const both = await getUpgradeImages(source, asked, { from: first, to: second }, engine, say, progress, signal)
  const releaseOf = ({ istioctl, roles, envoy }: Images): NonNullable<Images['ofClusters']>[string] => ({
    istioctl,
    tag: roles['tag'] ?? '',
    envoy,
  })
  const digests = [...both.from.digests, ...both.to.digests]
  return {
    ...both.from,
    digests: [...new Map(digests.map((digest) => [digest.name, digest])).values()],
    ofClusters: Object.fromEntries(
      Object.entries(ofClusters).map(([cluster, version]) => [
        cluster,
        releaseOf(version === first ? both.from : both.to),
      ]),
    ),
  }
}
