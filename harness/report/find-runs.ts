import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'

/**
 * Finds report folders: the given folders, and those one level below, where continuous integration unpacks artifacts.
 * Each is returned once, in order. A given folder without any results is returned as it is, so that whoever reads it
 * reports what is missing.
 */
export const findRuns = async (folders: readonly string[]): Promise<string[]> => {
  const found = await Promise.all(
    folders.map(async (folder) => {
      if (await holdsResults(folder)) return [folder]
      const within = await readdir(folder, { withFileTypes: true }).catch(() => [])
      const parts = within
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => join(folder, name))
        .sort()
      const runs = (await Promise.all(parts.map(async (part) => ((await holdsResults(part)) ? [part] : [])))).flat()
      return runs.length > 0 ? runs : [folder]
    }),
  )
  return [...new Map(found.flat().map((folder) => [resolve(folder), folder])).values()]
}

const holdsResults = (folder: string): Promise<boolean> =>
  stat(join(folder, 'results.json')).then(
    (found) => found.isFile(),
    () => false,
  )
