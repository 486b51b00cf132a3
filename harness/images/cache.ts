import { mkdir, mkdtemp, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { MeshproofError, reasonOf } from '../errors.ts'

/** The user's cache folder for meshproof: artifacts by the hash of their recipe, and the state of runs that are alive. */
export const cacheFolder = (): string => resolve(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'meshproof')

const exists = (path: string): Promise<boolean> => stat(path).then(() => true, () => false)

/**
 * Makes sure the cache folder can be written.
 * @throws MeshproofError MP-301 when it cannot.
 */
export const requireCache = async (): Promise<void> => {
  const folder = cacheFolder()
  const probe = join(folder, `.writable-${process.pid}`)
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await writeFile(probe, '')
    await rm(probe)
  } catch (cause) {
    throw new MeshproofError('MP-301', {
      what: 'The cache folder cannot be written',
      where: folder,
      why: reasonOf(cause),
      next: 'Make it writable, or point XDG_CACHE_HOME at a folder that is.',
      cause,
   })
  }
}

/** Where the artifact of that name and key lies, or would lie. */
export const artifactPath = (name: string, key: string): string => join(cacheFolder(), 'artifacts', `${name}-${key}`)

/** True when the artifact is in the cache, whole. */
export const isCached = (name: string, key: string): Promise<boolean> => exists(artifactPath(name, key))

/**
 * A folder of the cache, made once: `make` fills a scratch folder that becomes the artifact only when it returns, so an
 * interrupted or refused build leaves nothing that a later run could take for whole.
 */
export const artifact = async (name: string, key: string, make: (folder: string) => Promise<void>): Promise<string> => {
  const path = artifactPath(name, key)
  if (await exists(path)) {
    await utimes(path, new Date(), new Date())
    return path
  }
  await mkdir(join(cacheFolder(), 'artifacts'), { recursive: true })
  const scratch = await mkdtemp(join(cacheFolder(), 'artifacts', `.making-${name}-`))
  try {
    await make(scratch)
    await rename(scratch, path).catch(async (error: unknown) => {
      // Another run made the same artifact meanwhile; both are the same content.
      if (!(await exists(path))) throw error
    })
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
  return path
}
