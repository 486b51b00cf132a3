import { mkdir } from 'node:fs/promises'
import { join, relative, resolve, sep } from 'node:path'
import { MeshproofError, reasonOf } from '#errors.ts'
import type { Cell } from '#results/cells.ts'
import { findRuns } from './find-runs.ts'
import { runsPage } from '#report/html/runs-page.ts'
import { readResults } from '#results/read-results.ts'
import { renderReports } from './report-folder.ts'
import { runsOfCells } from './runs-of-cells.ts'
import type { ShownRun } from './shown-run.ts'
import { writeWhole } from '#results/write-whole.ts'

/** The rendered pages, and the runs that they show. */
export type Rendered = { pages: string[]; runs: ShownRun[] }

/**
 * Renders the reports of every folder, or of the folders in it, from its results.json. With several folders, with
 * `reportDir`, or with the cells of a matrix, it also writes a page that shows the runs beside each other. That page
 * also shows cells without results. If a folder cannot be read, nothing is written; with cells, such a folder is shown
 * as a cell without results.
 * @throws MeshproofError MP-111 to MP-113 for a folder that cannot be read, MP-114 when a report cannot be written,
 * MP-164 as runsOfCells does.
 */
export const renderFolders = async (
  folders: string[],
  reportDir: string | undefined,
  cells?: readonly Cell[],
): Promise<Rendered> => {
  const found = await findRuns(folders)
  const runs = cells
    ? await runsOfCells(cells, found)
    : await Promise.all(found.map(async (folder) => ({ folder, results: await readResults(folder) })))
  const complete = runs.flatMap((run) => (run.results ? [run] : []))
  for (const { folder, results } of complete) await renderReports(results, folder).catch(notWritten(folder))
  const into = reportDir ?? 'reports'
  const shown = runs.map((run): ShownRun =>
    run.results ? { ...run, link: linkTo(into, join(run.folder, 'report.html')) } : run,
  )
  const pages = complete.map(({ folder }) => join(folder, 'report.html'))
  if (runs.length === 1 && reportDir === undefined && !cells) return { pages, runs: shown }
  await writeRunsPage(shown, into)
  return { pages: [...pages, join(into, 'matrix.html')], runs: shown }
}

/** Writes matrix.html, which shows runs beside each other. @throws MeshproofError MP-114 when it cannot be written. */
export const writeRunsPage = (runs: readonly ShownRun[], folder: string): Promise<void> =>
  mkdir(folder, { recursive: true })
    .then(() => writeWhole(join(folder, 'matrix.html'), runsPage(runs)))
    .catch(notWritten(folder))

/** A relative link from a folder to a page in another, so that both can be moved or published together. */
export const linkTo = (from: string, to: string): string =>
  relative(resolve(from), resolve(to)).split(sep).map(encodeURIComponent).join('/')

/** Gives what throws the error for a report that cannot be written. @throws MeshproofError MP-114 when it is called. */
export const notWritten =
  (folder: string) =>
  (cause: unknown): never => {
    throw new MeshproofError('MP-114', {
      what: 'The reports cannot be written',
      where: folder,
      why: reasonOf(cause),
      next: 'Make the folder writable; for the page of several runs, name another with --report-dir.',
      cause,
    })
  }
