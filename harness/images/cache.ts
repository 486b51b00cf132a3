import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { MeshproofError, reasonOf } from '#errors.ts'

/** The user's cache folder for meshproof. It holds artifacts by the hash of their recipe, and the state of runs. */
export const cacheFolder = (): string =>
  resolve(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'meshproof')

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

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
      next: 'Make it writable, or set XDG_CACHE_HOME to a folder that is.',
      cause,
    })
  }
}

/** The path of the artifact with that name and key, whether it exists or not. */
export const artifactPath = (name: string, key: string): string => join(artifactsFolder(), `${name}-${key}`)

const artifactsFolder = (): string => join(cacheFolder(), 'artifacts')

/** True when the cache holds the complete artifact. */
export const isCached = (name: string, key: string): Promise<boolean> => exists(artifactPath(name, key))

/**
 * Returns a folder of the cache, and builds it where it is missing. `make` fills a scratch folder, which becomes the
 * artifact only when `make` returns. An interrupted or refused build therefore leaves nothing incomplete in the cache.
 */
export const artifact = async (name: string, key: string, make: (folder: string) => Promise<void>): Promise<string> => {
  const path = artifactPath(name, key)
  if (!(await exists(path)))
    await inScratch(name, async (scratch) => {
      await make(scratch)
      await moveIntoPlace(scratch, path)
    })
  else await utimes(path, new Date(), new Date())
  return path
}

const builtEachTimePrefix = 'as-made-'
const day = 86_400_000

/**
 * Builds an artifact every time, for something without a hash of what it is made from. Its key is the hash of the
 * result. Each change of a source leaves another such artifact, so those that nothing has used for a day are deleted.
 */
export const artifactAsMade = async (name: string, make: (folder: string) => Promise<void>): Promise<string> => {
  const path = await inScratch(name, async (scratch) => {
    await make(scratch)
    const result = artifactPath(`${builtEachTimePrefix}${name}`, await hashOf(scratch))
    await moveIntoPlace(scratch, result)
    return result
  })
  await utimes(path, new Date(), new Date())
  for (const old of await readdir(artifactsFolder())) {
    if (old.startsWith(builtEachTimePrefix) && (await unused(join(artifactsFolder(), old))))
      await rm(join(artifactsFolder(), old), { recursive: true, force: true })
  }
  return path
}

const inScratch = async <Made>(name: string, work: (scratch: string) => Promise<Made>): Promise<Made> => {
  await mkdir(artifactsFolder(), { recursive: true })
  const scratch = await mkdtemp(join(artifactsFolder(), `.making-${name}-`))
  try {
    return await work(scratch)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

const moveIntoPlace = (scratch: string, path: string): Promise<void> =>
  rename(scratch, path).catch(async (error: unknown) => {
    // Another run has built the same artifact meanwhile, with the same content.
    if (!(await exists(path))) throw error
  })

const hashOf = async (folder: string): Promise<string> => {
  const hash = createHash('sha256')
  for (const file of (await readdir(folder)).sort()) {
    hash.update(`\0${file}\0`)
    for await (const chunk of createReadStream(join(folder, file))) hash.update(chunk as Buffer)
  }
  return hash.digest('hex').slice(0, 16)
}

const unused = (path: string): Promise<boolean> =>
  stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs > day,
    () => false,
  )
