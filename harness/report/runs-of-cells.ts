import { basename, resolve } from 'node:path'
import { MeshproofError, reasonOf } from '#errors.ts'
import type { Cell } from '#results/cells.ts'
import { readResults } from '#results/read-results.ts'
import type { ShownRun } from './shown-run.ts'

/** A cell of a matrix with its report folder and results, or with the reason why it has none. */
export type CellRun = { cell: Cell } & (
  { folder: string; results: NonNullable<ShownRun['results']> } | { results?: undefined; reason: string }
)

/**
 * Reads the results of every cell, in the order of the document, from the folder with its name. A folder that cannot be
 * read counts as none. Folders with other names do not belong to the matrix.
 * @throws MeshproofError MP-164 when two folders have the name of a cell: the harness cannot know which of them counts.
 */
export const runsOfCells = (cells: readonly Cell[], folders: readonly string[]): Promise<CellRun[]> =>
  Promise.all(
    cells.map(async (cell): Promise<CellRun> => {
      const [folder, ...others] = folders.filter((path) => basename(resolve(path)) === cell.name)
      if (others.length > 0)
        throw new MeshproofError('MP-164', {
          what: 'A cell has more than one report folder',
          where: [folder, ...others].join(', '),
          next: 'Leave out what is not of this matrix.',
        })
      if (folder === undefined) return { cell, reason: 'it left no results' }
      return readResults(folder).then(
        (results) => ({ cell, folder, results }),
        (error: unknown) => ({ cell, reason: reasonOf(error) }),
      )
    }),
  )
