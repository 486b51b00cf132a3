import { resolve } from 'node:path'
import { renderFolders } from '#report/render-folders.ts'
import { cellLines } from '#report/shown-run.ts'
import { exitCodeOfCells } from '#report/verdict-of-cell.ts'
import { readCells } from '#results/cells.ts'
import { print } from '#run/print.ts'
import { openPage } from './open-page.ts'
import { watchFolders } from './watch-folders.ts'

/** The options of `report`. */
export type ReportOptions = {
  folders: string[]
  reportDir: string | undefined
  cells: string | undefined
  /** Opens the last page that is written. */
  open?: boolean | undefined
  /** Renders again whenever a run has written. */
  watch?: boolean | undefined
}

/**
 * Performs `report`: writes the reports of runs again, and for several runs also the page that compares them. The exit
 * code is 0, or that of the cells of a matrix.
 * @throws MeshproofError MP-161 for a file that is no cells document, and as renderFolders does.
 */
export const report = async ({ folders, reportDir, cells, open }: ReportOptions): Promise<number> => {
  const matrix = cells === undefined ? undefined : await readCells(cells)
  const { pages, runs } = await renderFolders(folders, reportDir, matrix)
  for (const line of [...(matrix ? cellLines(runs) : []), ...pages]) print(line)
  if (open) await show(pages)
  return matrix ? exitCodeOfCells(runs) : 0
}

/**
 * Performs `report --watch`: writes the reports whenever a run has written its results, until the signal fires. The
 * exit code is 0, since the signal is its regular end.
 * @throws MeshproofError MP-161 for a file that is no cells document.
 */
export const watchReports = async (
  { folders, reportDir, cells, open }: ReportOptions,
  signal: AbortSignal,
): Promise<number> => {
  const matrix = cells === undefined ? undefined : await readCells(cells)
  let due = open === true
  print('Watching for results. Ctrl-C ends it.')
  await watchFolders(
    folders,
    async () => {
      const rendered = await renderFolders(folders, reportDir, matrix)
      if (due) await show(rendered.pages)
      due = false
      return rendered
    },
    print,
    signal,
  )
  return 0
}

/** Opens the page that compares the runs, or the page of the only run. */
const show = async (pages: readonly string[]): Promise<void> => {
  const page = pages.at(-1)
  if (page === undefined || (await openPage(resolve(page)))) return
  print(`No program here opens pages. The page is ${resolve(page)}`)
}
