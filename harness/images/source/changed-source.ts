import { copyFile, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { recipeFolder, type SourceChange } from './recipes.ts'

/**
 * Copies the Go module of a recipe to `folder`, where it takes one of its modules from a source with one changed line.
 * `original` is the folder of that module’s source. It stays as it is.
 * @throws an Error where the line is not in the source exactly once.
 */
export const copyWithChange = async (
  recipe: string,
  { module, file, line, becomes }: SourceChange,
  original: string,
  folder: string,
): Promise<void> => {
  const [before, after, ...more] = (await readFile(join(original, file), 'utf8')).split(line)
  if (before === undefined || after === undefined || more.length > 0)
    throw new Error(`“${line}” is not in ${file} of ${module} exactly once`)
  for (const name of await readdir(join(recipeFolder, recipe)))
    await copyFile(join(recipeFolder, recipe, name), join(folder, name))
  await linkAllBut(file.split('/'), original, join(folder, 'source'))
  await writeFile(join(folder, 'source', file), `${before}${becomes}${after}`)
  await writeFile(join(folder, 'go.mod'), `\nreplace ${module} => ./source\n`, { flag: 'a' })
}

/** Makes a folder like another, in which one file is missing. What does not lead to the file is a link. */
const linkAllBut = async ([step, ...further]: string[], from: string, to: string): Promise<void> => {
  await mkdir(to, { recursive: true })
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [original, copy] = [join(entry.parentPath, entry.name), join(to, entry.name)]
    if (entry.name !== step)
      await (entry.isDirectory() ? symlink(original, copy, 'junction') : copyFile(original, copy))
    else if (further.length > 0) await linkAllBut(further, original, copy)
  }
}
