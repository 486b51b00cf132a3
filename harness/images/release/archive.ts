import { docker } from '#engine/docker.ts'
import { MeshproofError } from '#errors.ts'
import { tellOf, type BuildProgress } from '#images/build-progress.ts'
import { inEngine, packFiles, withFiles } from './files.ts'
import { releaseImages, type Planned } from './release.ts'

/**
 * Writes an archive with which a run needs no network: the preloaded node image and the image of files, as `docker
 * save` writes them.
 * @throws MeshproofError as releaseImages does; MP-202 when the engine refuses, or the archive cannot be written.
 */
export const saveImages = async (
  planned: Planned,
  file: string,
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
): Promise<void> => {
  const { plan, registry } = planned
  const { node } = await releaseImages(planned, progress, signal)
  if (!(await inEngine(plan.files))) {
    const tell = tellOf(progress, 'files')
    tell('')
    await withFiles(plan, registry, (fetch) => packFiles(plan, {}, fetch, { signal, tell }))
  }
  tellOf(progress, file)('')
  await docker(['save', '--output', file, node, plan.files], { signal })
}

/**
 * Loads the images of an archive that `saveImages` wrote into the engine. Returns their names.
 * @throws MeshproofError MP-335 for a file that cannot be read or is another archive.
 */
export const loadImages = async (file: string, signal?: AbortSignal): Promise<string[]> => {
  const refused = (why: string, cause?: unknown): MeshproofError =>
    new MeshproofError('MP-335', {
      what: 'That is not an archive of a node image and files of meshproof',
      where: file,
      why,
      next: 'meshproof images save FILE writes such an archive.',
      cause,
    })
  const loaded = await docker(['load', '--quiet', '--input', file], { signal }).catch((error: unknown) => {
    throw error instanceof MeshproofError && error.code === 'MP-202' ? refused(error.message, error) : error
  })
  const names = [...loaded.matchAll(/^Loaded image: (\S+)$/gm)].map(([, name = '']) => name)
  if (['meshproof/node:', 'meshproof/files:'].every((prefix) => names.some((name) => name.startsWith(prefix))))
    return names
  throw refused(`it holds ${names.join(', ') || 'no image with a name'}`)
}
