import { joined, markup, type Markup } from '#report/markup.ts'
import type { CheckResult, TopologyResult } from '#results/results.ts'
import { badge } from './badge.ts'

/** The checks that were skipped or not run, by the reason: they never count as passed. */
export const notAsked = ({ checks }: Pick<TopologyResult, 'checks'>): Markup => markup`
  <h3>Skipped or not run</h3>
  ${reasonsFor(checks) ?? markup`<p class="note">Nothing: every check was asked.</p>`}
`

/** Every reason why checks were skipped or not run, with those checks; undefined if there are none. */
export const reasonsFor = (checks: readonly CheckResult[]): Markup | undefined => {
  const open = checks.filter(({ verdict }) => verdict === 'skipped' || verdict === 'not-run')
  if (open.length === 0) return undefined
  const byReason = Map.groupBy(open, ({ verdict, reason }) => JSON.stringify([verdict, reason]))
  return markup`<ul class="reasons">${joined([...byReason.values()].map(reasonItem), '\n')}</ul>`
}

const reasonItem = (sameReason: readonly CheckResult[]): Markup => {
  const [first] = sameReason
  const ids = [...new Set(sameReason.map(({ id }) => id))]
  return markup`<li>${first && badge(first.verdict)} ${first?.reason}: ${ids.join(', ')}</li>`
}
