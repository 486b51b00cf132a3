import { variantName, type TopologyResult } from '#results/results.ts'
import { alignedLines } from './aligned-lines.ts'
import { routeOf, verdictWords } from './words.ts'

/**
 * The rounds of a topology for a person: every check with its verdict, its flake rate and its seconds, and every round
 * that did not simply pass. Nothing where the checks were run once.
 */
export const roundLines = (topology: TopologyResult): string[] => {
  const { rounds, checks } = topology
  if (rounds === undefined) return []
  const rows = checks.flatMap(({ id, from, to, verdict, repeated }) =>
    repeated === undefined
      ? []
      : [
          [
            verdictWords[verdict].mark,
            id,
            routeOf({ from, to }),
            shareOf(repeated.flakeRate),
            `${repeated.medianSeconds.toFixed(1)} s`,
            `${repeated.maxSeconds.toFixed(1)} s`,
          ],
        ],
  )
  const unsteady = rounds.flatMap(({ verdict }, index) =>
    verdict === 'pass' ? [] : [`  round ${index + 1}: ${verdictWords[verdict].word}${reasonsIn(topology, index)}`],
  )
  const passed = rounds.filter(({ verdict }) => verdict === 'pass').length
  return [
    `${variantName(topology)}: ${passed} of ${rounds.length} rounds passed without a retry`,
    ...unsteady,
    ...alignedLines([['', 'check', 'asked', 'flake rate', 'median', 'longest'], ...rows]).map((line) => `  ${line}`),
  ]
}

/** A share as a percentage: `0%`, `2.5%`; a dash where nothing ran. */
export const shareOf = (share: number | undefined): string =>
  share === undefined ? '–' : `${Number((share * 100).toFixed(1))}%`

/** The checks that did not simply pass in a round, the first of them with their reasons. */
const reasonsIn = ({ checks, rounds = [] }: TopologyResult, index: number): string => {
  const unsteady = checks.flatMap(({ id, repeated }) => {
    const round = repeated?.rounds[index]
    return round && (round.verdict === 'fail' || round.verdict === 'flaky') ? [`${id} (${round.reason})`] : []
  })
  const shown = unsteady.slice(0, mostReasons).join('; ')
  const more = unsteady.length > mostReasons ? `; and ${unsteady.length - mostReasons} more` : ''
  const reason = rounds[index]?.reason ?? ''
  return shown === '' ? (reason === '' ? '' : `: ${reason}`) : `: ${shown}${more}`
}

const mostReasons = 3
