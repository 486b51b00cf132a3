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
import type { Run, Signals } from '#run/with-reports.ts'
import { argumentsOf } from './arguments-of.ts'
import type { VersionCell } from './combinations.ts'
import { resolveImageSources } from './image-sources.ts'

/**
 * What the cells of a run came to: all of them, those that were not run as such; the folder that holds theirs; the
 * worst exit code.
 */
export type CellsRun = { runs: ShownRun[]; folder: string; exitCode: number }

/** Runs the checks of one cell, as a run of its own, with images of that source. */
export type RunCell = (options: RunOptions, source: ImageSource | 'auto') => Promise<Run>

/**
 * Several versions: every cell is a run with a folder of its own, one after the other. The page of all of them says
 * from the beginning which there are, so that however this ends, what did not run is told as that.
 * @throws MeshproofError MP-1xx for a mistake in what is asked of any of them, before anything is made.
 */
export const runCells = async (
  asked: TestOptions,
  cells: readonly VersionCell[],
  terminal: Terminal,
  { signal }: Pick<Signals, 'signal'>,
  runCell: RunCell,
): Promise<CellsRun> => {
  const sources = await resolveImageSources(cells)
  await makePlans(asked.topology, asked.suite, catalogue, asked.mtls, asked.istioNamespace)
  const folder = await makeReportFolder(newRunId(), asked.reportDir)
  const document: Cells = {
    cells: cells.map(({ name, options }) => ({ name, args: argumentsOf({ ...options, reportDir: undefined }) })),
  }
  await writeWhole(join(folder, 'cells.json'), `${JSON.stringify(document, null, 2)}\n`)
  const runs = document.cells.map((cell): ShownRun => ({ cell, reason: 'the run ended before it' }))
  await writeRunsPage(runs, folder)
  for (const [index, { name, options }] of cells.entries()) {
    if (signal.aborted) break
    terminal.line(`\ncell ${index + 1} of ${cells.length}: ${name}`)
    const { results } = await runCell({ ...options, reportDir: join(folder, name) }, sources[index] ?? 'auto')
    const cell = document.cells[index]
    runs[index] = { cell, results, link: `${name}/report.html` }
    await writeRunsPage(runs, folder)
  }
  return { runs, folder, exitCode: signal.aborted ? 130 : exitCodeOfCells(runs) }
}
