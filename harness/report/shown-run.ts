import type { Cell } from '#results/cells.ts'
import type { Results, Verdict } from '#results/results.ts'
import { runVerdict, verdictWords } from './words.ts'

/**
 * A run on the page of several runs: its results and the link to its own page; or a cell without results, and the
 * reason why it has none.
 */
export type ShownRun = { cell?: Cell | undefined } & (
  { results: Results; link: string } | { results?: undefined; cell: Cell; reason: string }
)

/** The verdict of a run. A cell without results did not run. */
export const shownVerdict = ({ results }: ShownRun): Verdict => (results ? runVerdict(results) : 'not-run')

/** Why a run is not complete, if that is known. */
export const whyNot = (run: ShownRun): string | undefined => (run.results ? run.results.run.error?.message : run.reason)

/** All runs in a line: `fail` if a run failed, `pass` if every run passed. */
export const headline = (runs: readonly ShownRun[]): { verdict: 'pass' | 'fail' | 'not-run'; title: string } => {
  const noun = runs.some(({ cell }) => cell) ? 'cells' : 'runs'
  const verdicts = runs.map(shownVerdict)
  const failed = verdicts.filter((verdict) => verdict === 'fail').length
  const open = verdicts.filter((verdict) => !['fail', 'pass', 'flaky'].includes(verdict)).length
  if (failed > 0)
    return {
      verdict: 'fail',
      title: `${failed} of ${runs.length} ${noun} failed${open > 0 ? `, ${open} not complete` : ''}`,
    }
  return open > 0
    ? { verdict: 'not-run', title: `${open} of ${runs.length} ${noun} not complete` }
    : { verdict: 'pass', title: `All ${runs.length} ${noun} passed` }
}

/** The cells in a terminal: a line for each, and a line for all of them. */
export const cellLines = (runs: readonly ShownRun[]): string[] => [
  ...runs.map((run) => {
    const { mark, word } = verdictWords[shownVerdict(run)]
    const why = whyNot(run)
    return `${mark} ${run.cell?.name ?? ''}  ${word}${why === undefined ? '' : `: ${why}`}`
  }),
  headline(runs).title,
]
