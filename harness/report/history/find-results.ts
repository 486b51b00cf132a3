import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { reasonOf } from '#errors.ts'
import { requireFolder } from '#results/read-results.ts'

/** The folders with a results.json, and those that could not be looked into, with the reason. */
export type FoundResults = { folders: string[]; unread: { folder: string; reason: string }[] }

/**
 * Every folder with a results.json, among the given ones and below them, each once. Hidden folders, packages and
 * support bundles are left out, and links to folders are not followed.
 * @throws MeshproofError MP-111 for a given path that is no folder.
 */
export const findResults = async (folders: readonly string[]): Promise<FoundResults> => {
  for (const folder of folders)
    await requireFolder(folder, 'Name report folders, or a folder that holds them: meshproof history reports')
  const unread: FoundResults['unread'] = []
  const found = (await Promise.all(folders.map((folder) => below(folder, unread)))).flat()
  return { folders: onceEach(found, (folder) => folder), unread: onceEach(unread, ({ folder }) => folder) }
}

const below = async (folder: string, unread: FoundResults['unread']): Promise<string[]> => {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    unread.push({ folder, reason: reasonOf(error) })
    return []
  })
  const inner = entries
    .filter((entry) => entry.isDirectory() && !/^(\.|node_modules$|bundle$)/.test(entry.name))
    .map(({ name }) => join(folder, name))
    .toSorted()
  const own = entries.some((entry) => entry.name === 'results.json' && !entry.isDirectory()) ? [folder] : []
  return [...own, ...(await Promise.all(inner.map((path) => below(path, unread)))).flat()]
}

const onceEach = <Found>(found: readonly Found[], folderOf: (found: Found) => string): Found[] => [
  ...new Map(found.map((item) => [resolve(folderOf(item)), item])).values(),
]
