import { markup, type Markup } from '#report/markup.ts'
import type { CheckResult, TopologyResult } from '#results/results.ts'
import { badge } from './badge.ts'

/** What was skipped or not run, by its reason: what did not run never counts as passed. */
export const notAsked = ({ checks }: Pick<TopologyResult, 'checks'>): Markup =>
  markup`<h3>Skipped or not run</h3>${reasonsFor(checks) ?? markup`<p class="note">Nothing: every check was asked.</p>`}`

/** Every reason why checks were skipped or not run, with those checks; nothing where there are none. */
export const reasonsFor = (checks: readonly CheckResult[]): Markup | undefined => {
  const without = checks.filter(({ verdict }) => verdict === 'skipped' || verdict === 'not-run')
  const reasons = Map.groupBy(without, ({ verdict, reason }) => JSON.stringify([verdict, reason]))
  return without.length === 0
    ? undefined
    : markup`<ul class="reasons">${[...reasons.values()].map((same) => markup`<li>${same[0] && badge(same[0].verdict)} ${same[0]?.reason}: ${[...new Set(same.map(({ id }) => id))].join(', ')}</li>`)}</ul>`
}
