import { markup, type Markup } from '#report/markup.ts'
import { shareOf } from '#report/round-lines.ts'
import { duration, moment, routeOf, verdictWords } from '#report/words.ts'
import { type Round, type TopologyResult, variantName } from '#results/results.ts'
import { badge } from './badge.ts'
import { columnTitles, row, scrollable } from './table.ts'

/** The rounds of a topology: each round, and how steady every check was. */
export const roundsSection = (topology: TopologyResult, rounds: readonly Round[]): Markup => {
  const name = variantName(topology)
  return markup`
    <h3>Rounds</h3>
    ${scrollable(`Rounds of ${name}`, roundTable(rounds))}
    ${scrollable(`Steadiness of the checks of ${name}`, checkTable(topology))}
  `
}

const roundTable = (rounds: readonly Round[]): Markup => markup`
  <table>
    ${columnTitles(['round', 'verdict', 'lab', 'began', 'took', 'reason'])}
    <tbody>${rounds.map(({ verdict, lab = '', startedAt, seconds, reason }, index) =>
      row([
        String(index + 1),
        badge(verdict),
        lab,
        startedAt === undefined ? '' : moment(startedAt),
        duration(seconds),
        reason,
      ]),
    )}</tbody>
  </table>
`

const checkTable = ({ checks }: TopologyResult): Markup => markup`
  <table>
    ${columnTitles(['check', 'asked', 'flake rate', 'median', 'longest', 'rounds'])}
    <tbody>${checks.map(({ id, from, to, repeated }) =>
      repeated === undefined
        ? ''
        : row([
            id,
            routeOf({ from, to }),
            shareOf(repeated.flakeRate),
            duration(repeated.medianSeconds),
            duration(repeated.maxSeconds),
            repeated.rounds.map(({ verdict }) => verdictWords[verdict].mark).join(' '),
          ]),
    )}</tbody>
  </table>
`
