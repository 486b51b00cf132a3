import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { MeshproofError } from '#errors.ts'

/** How many folders below a given one are looked into. */
const deepest = 8

/**
 * Every folder with a results.json, among the given ones and below them, each once. Hidden folders, packages and
 * support bundles are left out.
 * @throws MeshproofError MP-111 for a given path that is no folder.
 */
export const findResults = async (folders: readonly string[]): Promise<string[]> => {
  for (const folder of folders)
    if (!(await isFolder(folder)))
      throw new MeshproofError('MP-111', {
        what: 'There is no such report folder',
        where: folder,
        next: 'Name report folders, or a folder that holds them: meshproof history reports',
      })
  const found = (await Promise.all(folders.map((folder) => below(folder, deepest)))).flat()
  return [...new Map(found.map((folder) => [resolve(folder), folder])).values()]
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  )

const below = async (folder: string, depth: number): Promise<string[]> => {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  const inner = entries
    .filter((entry) => entry.isDirectory() && !/^(\.|node_modules$|bundle$)/.test(entry.name))
    .map(({ name }) => join(folder, name))
    .toSorted()
  const own = entries.some((entry) => entry.name === 'results.json' && !entry.isDirectory()) ? [folder] : []
  return depth === 0 ? own : [...own, ...(await Promise.all(inner.map((path) => below(path, depth - 1)))).flat()]
}
