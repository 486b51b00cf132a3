import { basename, resolve } from 'node:path'
import { MeshproofError, reasonOf } from '#errors.ts'
import type { Cell } from '#results/cells.ts'
import { readResults } from '#results/read-results.ts'
import type { ShownRun } from './shown-run.ts'

/** What a cell of a matrix left: its folder with its results, or why there are none. */
export type CellRun = { cell: Cell } & (
  { folder: string; results: NonNullable<ShownRun['results']> } | { results?: undefined; reason: string }
)

/**
 * The results of every cell, in the document’s order, from the folder of its name; one that cannot be read is as good
 * as none. Folders of other names are no part of the matrix.
 * @throws MeshproofError MP-164 where two folders have the name of a cell: which of them is its verdict is not for us
 * to say.
 */
export const runsOfCells = (cells: readonly Cell[], folders: readonly string[]): Promise<CellRun[]> =>
  Promise.all(
    cells.map(async (cell): Promise<CellRun> => {
      const [folder, ...others] = folders.filter((one) => basename(resolve(one)) === cell.name)
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
