import type { Results } from '#results/results.ts'
import type { ShownRun } from './shown-run.ts'
import { runVerdict } from './words.ts'

/**
 * What the results of a cell come to: 0 where it passed, 1 where the mesh failed, 2 where there is no verdict, however
 * its run ended.
 */
export const verdictOfCell = (results: Results): 0 | 1 | 2 => {
  const { exitCode } = results.run
  return exitCode === 1 ? 1 : exitCode === 0 && ['pass', 'flaky'].includes(runVerdict(results)) ? 0 : 2
}

/** The worst of all cells: 2 where one has no verdict, 1 where one failed, 0 where every one has passed. */
export const exitCodeOfCells = (runs: readonly ShownRun[]): number =>
  Math.max(...runs.map(({ results }) => (results ? verdictOfCell(results) : 2)))
