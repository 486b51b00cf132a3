import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { MeshproofError, reasonOf } from '#errors.ts'

/** The names that a config file may have. */
const configNames = ['meshproof.config.ts', 'meshproof.config.js', 'meshproof.config.json']

/** A config file: its name, and its content as it was read. */
export type ConfigFile = { path: string; content: unknown }

/**
 * Reads the config file of a folder. Undefined where there is none.
 * @throws MeshproofError MP-180 for a file that cannot be read, MP-182 for more than one file.
 */
export const loadConfig = async (folder: string): Promise<ConfigFile | undefined> => {
  const [path, ...others] = configNames.filter((name) => existsSync(join(folder, name)))
  if (path === undefined) return undefined
  if (others.length > 0)
    throw new MeshproofError('MP-182', {
      what: 'There is more than one config file',
      where: [path, ...others].join(', '),
      next: 'Keep one of them.',
    })
  try {
    return { path, content: await contentOf(join(folder, path)) }
  } catch (cause) {
    throw new MeshproofError('MP-180', {
      what: 'The config file cannot be read',
      where: path,
      why: reasonOf(cause),
      next: `Correct it and run the same command again.${adviceFor(path, cause)}`,
      cause,
    })
  }
}

const contentOf = async (path: string): Promise<unknown> => {
  // Some editors begin a file with a byte order mark, which JSON does not know.
  if (path.endsWith('.json')) return JSON.parse((await readFile(path, 'utf8')).replace(/^\uFEFF/, ''))
  const module: unknown = await import(pathToFileURL(path).href)
  if (typeof module === 'object' && module !== null && 'default' in module) return module.default
  throw new Error('it has no default export')
}

/** What helps where Node takes a file for CommonJS, because the project’s package.json says so. */
const adviceFor = (path: string, cause: unknown): string =>
  !path.endsWith('.json') && cause instanceof SyntaxError && /export|import/.test(cause.message)
    ? ' Where package.json has "type": "commonjs", write module.exports, or use meshproof.config.json.'
    : ''
