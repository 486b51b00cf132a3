import type { Cell } from '#results/cells.ts'
import type { Results, Verdict } from '#results/results.ts'
import { runVerdict, verdictWords } from './words.ts'

/**
 * A run beside others: its results and where its own page is, seen from the page of all; of a cell that has no results,
 * why.
 */
export type ShownRun = { cell?: Cell | undefined } & (
  { results: Results; link: string } | { results?: undefined; cell: Cell; reason: string }
)

/** How a run ended; a cell without results did not run. */
export const shownVerdict = ({ results }: ShownRun): Verdict => (results ? runVerdict(results) : 'not-run')

/** Why a run was not complete, where something is known of it. */
export const whyNot = (run: ShownRun): string | undefined => (run.results ? run.results.run.error?.message : run.reason)

/** What all of them come to, in a line: red where one failed, green where every one has passed. */
export const headline = (runs: readonly ShownRun[]): { verdict: 'pass' | 'fail' | 'not-run'; title: string } => {
  const what = runs.some(({ cell }) => cell) ? 'cells' : 'runs'
  const verdicts = runs.map(shownVerdict)
  const failed = verdicts.filter((one) => one === 'fail').length
  const open = verdicts.filter((one) => !['fail', 'pass', 'flaky'].includes(one)).length
  if (failed > 0)
    return {
      verdict: 'fail',
      title: `${failed} of ${runs.length} ${what} failed${open > 0 ? `, ${open} not complete` : ''}`,
    }
  return open > 0
    ? { verdict: 'not-run', title: `${open} of ${runs.length} ${what} not complete` }
    : { verdict: 'pass', title: `All ${runs.length} ${what} passed` }
}

/** The cells in a terminal: a line each, and the line for all. */
export const cellLines = (runs: readonly ShownRun[]): string[] => [
  ...runs.map((run) => {
    const { mark, word } = verdictWords[shownVerdict(run)]
    const why = whyNot(run)
    return `${mark} ${run.cell?.name ?? ''}  ${word}${why === undefined ? '' : `: ${why}`}`
  }),
  headline(runs).title,
]
