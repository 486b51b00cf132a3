import type { EngineInfo } from '#engine/docker.ts'
import { MeshproofError } from '#errors.ts'
import { tellOf, type BuildProgress } from './build.ts'
import type { Images, UpgradeImages, Upgrading, Wanted } from './images.ts'
import { planRelease, releaseImages, releaseUpgrade } from '#images/release/release.ts'
import { sourceImages, sourceUpgrade } from '#images/source/source.ts'
import { upgradeSource } from './versions.ts'

/**
 * Gets a lab's images from where they are wanted and says in one line which way was taken and why. `auto` always asks
 * first whether the published images can be had (5 s at most, nothing when they are here already) and builds from
 * source where a host does not answer, be it later, in the middle of a pull. A source build that is already cached does
 * not change that order: which images a run gets depends on what can be reached, not on what ran before.
 * @throws MeshproofError whatever the taken way throws; under `auto`, never MP-320.
 */
export const chooseImages = async (
  asked: Wanted,
  engine: EngineInfo,
  say: (line: string) => void,
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
): Promise<Images> => {
  const { images: wanted, registry } = asked
  if (wanted === 'source') {
    say(`Images: source (${asked.istioSource === undefined ? 'as asked' : `Istio from ${asked.istioSource}`})`)
    return sourceImages(asked, engine, progress, signal)
  }
  try {
    const planned = await planRelease(asked, engine, { signal, tell: tellOf(progress, 'versions') })
    const reason = wanted === 'auto' ? 'every registry answers' : 'as asked'
    say(`Images: release (${registry === undefined ? reason : `from ${registry}`})`)
    return await releaseImages(planned, progress, signal)
  } catch (error) {
    if (wanted !== 'auto' || !(error instanceof MeshproofError) || error.code !== 'MP-320') throw error
    say(`Images: source (${error.message})`)
    return sourceImages(asked, engine, progress, signal)
  }
}

/**
 * Gets the images of both releases of an upgrade, in one node image, and says where from: a name settles that by
 * itself.
 * @throws MeshproofError MP-101 and MP-107 for names that are not to be had (together), and whatever the taken way
 * throws.
 */
export const chooseUpgradeImages = async (
  asked: Wanted,
  names: Upgrading,
  engine: EngineInfo,
  say: (line: string) => void,
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
): Promise<UpgradeImages> => {
  const source = await upgradeSource(asked, names)
  say(`Images: ${source} (${asked.images === 'auto' ? `it has ${names.from} and ${names.to}` : 'as asked'})`)
  return source === 'source'
    ? sourceUpgrade(engine, names, progress, signal)
    : releaseUpgrade(
        await planRelease(asked, engine, { signal, tell: tellOf(progress, 'versions') }, names),
        names,
        progress,
        signal,
      )
}
