import type { EngineInfo } from '../engine/docker.ts'
import { MeshproofError } from '../errors.ts'
import type { BuildProgress } from './build.ts'
import type { Images, ImageSource } from './images.ts'
import { releaseImages, requireRelease } from './release.ts'
import { sourceImages } from './source.ts'

/** What `--images` may be: where the lab's images come from, or `auto`. */
export type WantedImages = ImageSource | 'auto'

/**
 * Gets a lab's images from where they are wanted and says in one line which way was taken and why. `auto` always asks first
 * whether the published images can be had (5 s at most, nothing when they are here already) and builds from source where a host
 * does not answer, be it later, in the middle of a pull. A source build that is already cached does not change that order: which
 * images a run gets depends on what can be reached, not on what ran before.
 * @throws MeshproofError whatever the taken way throws; under `auto`, never MP-320.
 */
export const chooseImages = async (
  wanted: WantedImages,
  engine: EngineInfo,
  say: (line: string) => void,
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
): Promise<Images> => {
  if (wanted === 'source') {
    say('Images: source (as asked)')
    return sourceImages(engine, progress, signal)
  }
  try {
    await requireRelease(engine, signal)
    say(`Images: release (${wanted === 'auto' ? 'every registry answers' : 'as asked'})`)
    return await releaseImages(engine, progress, signal)
  } catch (error) {
    if (wanted !== 'auto' || !(error instanceof MeshproofError) || error.code !== 'MP-320') throw error
    say(`Images: source (${error.message})`)
    return sourceImages(engine, progress, signal)
  }
}
