import { renderFolders } from '#report/render-folders.ts'
import { cellLines } from '#report/shown-run.ts'
import { exitCodeOfCells } from '#report/verdict-of-cell.ts'
import { readCells } from '#results/cells.ts'
import { print } from '#run/print.ts'

/** Those of `report`. */
export type ReportOptions = { folders: string[]; reportDir: string | undefined; cells: string | undefined }

/**
 * Performs `report`: renders the reports of runs again, and, of several, a page that shows them beside each other. The
 * exit code is 0, or, of the cells of a matrix, what they come to.
 * @throws MeshproofError MP-161 for a document of cells that is none, and as renderFolders does.
 */
export const report = async ({ folders, reportDir, cells }: ReportOptions): Promise<number> => {
  const matrix = cells === undefined ? undefined : await readCells(cells)
  const { pages, runs } = await renderFolders(folders, reportDir, matrix)
  for (const line of [...(matrix ? cellLines(runs) : []), ...pages]) print(line)
  return matrix ? exitCodeOfCells(runs) : 0
}
