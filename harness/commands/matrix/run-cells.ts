import { join } from 'node:path'
import type { ImageSource } from '#images/images.ts'
import { newRunId } from '#lab/run-state.ts'
import { writeRunsPage } from '#report/render-folders.ts'
import { makeReportFolder } from '#report/report-folder.ts'
import type { ShownRun } from '#report/shown-run.ts'
import type { Terminal } from '#report/terminal.ts'
import { exitCodeOfCells } from '#report/verdict-of-cell.ts'
import type { Cells } from '#results/cells.ts'
import { writeWhole } from '#results/write-whole.ts'
import { catalogue } from '#run/catalogue.ts'
import type { RunOptions, TestOptions } from '#run/options.ts'
import { makePlans } from '#run/plan.ts'
import type { Run } from '#results/results.ts'
import type { Signals } from '#run/with-reports.ts'
import { argumentsOf } from './arguments-of.ts'
import type { VersionCell } from './combinations.ts'
import { resolveImageSources } from './image-sources.ts'

/**
 * The result of a run of several cells: every cell, including those that did not run; the folder that holds the
 * cells’ folders; the worst exit code.
 */
export type CellsRun = { runs: ShownRun[]; folder: string; exitCode: number }

/** Runs the checks of one cell as a run of its own, with images from `source`. */
export type RunCell = (options: RunOptions, source: ImageSource | 'auto') => Promise<Run>

/**
 * Runs cells one after the other, each as a run with its own folder. The page of the run lists every cell from the
 * beginning: if the run ends early, the page shows which cells did not run.
 * @throws MeshproofError MP-1xx for a mistake in the options of any cell, before the first cell runs.
 */
export const runCells = async (
  options: TestOptions,
  cells: readonly VersionCell[],
  terminal: Terminal,
  { signal }: Pick<Signals, 'signal'>,
  runCell: RunCell,
): Promise<CellsRun> => {
  const sources = await resolveImageSources(cells)
  await makePlans(options.topology, options.suite, catalogue, options)
  const folder = await makeReportFolder(newRunId(), options.reportDir)
  const document: Cells = {
    cells: cells.map((cell) => ({ name: cell.name, args: argumentsOf({ ...cell.options, reportDir: undefined }) })),
  }
  await writeWhole(join(folder, 'cells.json'), `${JSON.stringify(document, null, 2)}\n`)
  const runs = document.cells.map((cell): ShownRun => ({ cell, reason: 'the run ended before it' }))
  await writeRunsPage(runs, folder)
  for (const [index, { name, options: cellOptions }] of cells.entries()) {
    if (signal.aborted) break
    terminal.line(`\ncell ${index + 1} of ${cells.length}: ${name}`)
    const { results } = await runCell({ ...cellOptions, reportDir: join(folder, name) }, sources[index] ?? 'auto')
    const cell = document.cells[index]
    runs[index] = { cell, results, link: `${name}/report.html` }
    await writeRunsPage(runs, folder)
  }
  return { runs, folder, exitCode: signal.aborted ? 130 : exitCodeOfCells(runs) }
}
