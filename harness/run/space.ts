import { statfs } from 'node:fs/promises'
import { MeshproofError } from '#errors.ts'
import { cacheFolder } from '#images/cache.ts'
import type { EngineInfo } from '#engine/docker.ts'

const gigabyte = 1024 ** 3

/**
 * The bytes that a run needs, with a reserve: two labs at once, whose nodes write about 150 MB each, the images that
 * it may unpack first, and the reports.
 */
export const neededBytes = 4 * gigabyte

/** The free bytes of the file system that holds a folder; undefined where the folder is not on this machine. */
export const freeBytes = (folder: string): Promise<number | undefined> =>
  statfs(folder).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => undefined,
  )

/**
 * Refuses to start a run on a nearly full disk: a node whose disk fills up fails in ways that look like a broken
 * mesh.
 * @throws MeshproofError MP-207
 */
export const requireSpace = async (engine: EngineInfo, needed = neededBytes): Promise<void> => {
  for (const folder of [engine.DockerRootDir, cacheFolder()]) {
    const free = await freeBytes(folder)
    if (free === undefined || free >= needed) continue
    throw new MeshproofError('MP-207', {
      what: 'The disk is nearly full',
      where: folder,
      why: `${(free / gigabyte).toFixed(1)} GB are free, ${(needed / gigabyte).toFixed(0)} GB are needed`,
      next: 'Free some space there (docker system df shows what the engine holds), or point XDG_CACHE_HOME elsewhere.',
    })
  }
}
