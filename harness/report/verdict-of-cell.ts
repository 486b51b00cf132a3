import type { Results } from '#results/results.ts'
import type { ShownRun } from './shown-run.ts'
import { runVerdict } from './words.ts'

/** The exit code for the results of a cell: 0 if it passed, 1 if the mesh failed, 2 if there is no verdict. */
export const verdictOfCell = (results: Results): 0 | 1 | 2 => {
  const { exitCode } = results.run
  return exitCode === 1 ? 1 : exitCode === 0 && ['pass', 'flaky'].includes(runVerdict(results)) ? 0 : 2
}

/** The worst exit code of all cells: 2 if a cell has no verdict, 1 if a cell failed, 0 if every cell passed. */
export const exitCodeOfCells = (runs: readonly ShownRun[]): number =>
  Math.max(...runs.map(({ results }) => (results ? verdictOfCell(results) : 2)))
