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

/** What was rendered: the pages to look at, and what they show. */
export type Rendered = { pages: string[]; runs: ShownRun[] }

/**
 * Renders the reports of every folder, or of the folders in it, from its results.json; of several, where `reportDir` is
 * given, or of the cells of a matrix, also one page that shows the runs beside each other. A cell is shown also where
 * it left no results. Nothing is written unless every folder can be read; of cells, those that can.
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
  const read = runs.flatMap((run) => (run.results ? [run] : []))
  for (const { folder, results } of read) await renderReports(results, folder).catch(notWritten(folder))
  const into = reportDir ?? 'reports'
  const shown = runs.map((run): ShownRun =>
    run.results ? { ...run, link: linkTo(into, join(run.folder, 'report.html')) } : run,
  )
  const pages = read.map(({ folder }) => join(folder, 'report.html'))
  if (runs.length === 1 && reportDir === undefined && !cells) return { pages, runs: shown }
  await writeRunsPage(shown, into)
  return { pages: [...pages, join(into, 'matrix.html')], runs: shown }
}

/** Writes matrix.html, which shows runs beside each other. @throws MeshproofError MP-114 when it cannot be written. */
export const writeRunsPage = (runs: readonly ShownRun[], folder: string): Promise<void> =>
  mkdir(folder, { recursive: true })
    .then(() => writeWhole(join(folder, 'matrix.html'), runsPage(runs)))
    .catch(notWritten(folder))

// As a page in one folder names a page in another: relative, so that both can be moved or published together.
const linkTo = (from: string, to: string): string =>
  relative(resolve(from), resolve(to)).split(sep).map(encodeURIComponent).join('/')

const notWritten =
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
