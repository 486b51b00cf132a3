import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'

/**
 * The report folders that these folders are, or that lie in them, one level down, as artifacts of continuous
 * integration are unpacked; each once, in their order. A folder with no results anywhere is returned as it is, for who
 * reads it to say what it lacks.
 */
export const findRuns = async (folders: readonly string[]): Promise<string[]> => {
  const found = await Promise.all(
    folders.map(async (folder) => {
      if (await holdsResults(folder)) return [folder]
      const within = await readdir(folder, { withFileTypes: true }).catch(() => [])
      const parts = within
        .filter((one) => one.isDirectory())
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
