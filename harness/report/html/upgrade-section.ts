import { markup, type Markup } from '#report/markup.ts'
import { variantName, type Upgrade, type Worse } from '#results/results.ts'
import { count, outcomeOf, trafficTotals } from '#report/upgrade-words.ts'
import { anchorOf } from '#report/words.ts'
import { badge } from './badge.ts'
import { byPhase } from './by-phase.ts'
import type { Extent } from './check-details.ts'
import { findings } from './findings.ts'
import { meshLadder } from './mesh-ladder.ts'
import { notAsked } from './not-asked.ts'
import { columnTitles, row, scrollable } from './table.ts'
import { timeline } from './timeline.ts'
import { traffic } from './traffic.ts'
import type { UpgradedTopology } from './upgrade-head.ts'
import { upgradePhases } from './upgrade-phases.ts'
import { reasonAndBundle } from './verdict.ts'

/**
 * An upgraded topology: its traffic second by second, its findings except the worst (which stands in the head of the
 * page), its phases, its checks after every phase, and the limits it was judged by.
 */
export const upgradeSection = (topology: UpgradedTopology, extent: Extent): Markup => {
  const { upgrade, phases, diagnosis } = topology
  const { compared, leftOut } = upgrade
  const anchor = anchorOf(topology)
  return markup`
    <section id="${anchor}" class="topology">
      <h2>${variantName(topology)} ${badge(upgrade.verdict)} <small>${outcomeOf(topology)}</small></h2>
      ${reasonAndBundle(topology)}
      ${figures(upgrade)}
      <h3>Traffic</h3>${traffic(topology, upgrade)}
      ${otherFindings(upgrade, anchor)}
      ${compared && markup`<h3>Compared with run ${compared.run}</h3>${worse(compared.worse)}`}
      <h3>Phases</h3>${upgradePhases(topology, extent)}
      ${leftOut.length > 0 && markup`<ul class="reasons">${leftOut.map(leftOutItem)}</ul>`}
      <h3>Checks after every phase</h3>${byPhase(topology)}
      ${diagnosis && markup`<h3>Layers of the mesh afterwards</h3>${meshLadder(topology, diagnosis)}`}
      ${upgrade.phases.every(({ checks }) => checks.length === 0) && notAsked(topology)}
      <h3>How it was judged</h3>${limits(upgrade)}
      ${phases.length > 0 && markup`<h3>Timeline of the lab</h3>${timeline(topology)}`}
    </section>
  `
}

const otherFindings = (upgrade: Upgrade, anchor: string): Markup | false => {
  const others = upgrade.findings.slice(1)
  return (
    others.length > 0 &&
    markup`<h3 id="${anchor}--findings">What else was found</h3>${findings(others, upgrade, anchor)}`
  )
}

const leftOutItem = ({ phase, why }: Upgrade['leftOut'][number]): Markup =>
  markup`<li>${phase} is left out: ${why}</li>`

const worse = (figures: readonly Worse[]): Markup => {
  if (figures.length === 0) return markup`<p>Nothing is worse.</p>`
  const rows = figures.map(({ what, before, now }) => row([what, before, now]))
  const table = markup`<table>${columnTitles(['what', 'before', 'now'])}<tbody>${rows}</tbody></table>`
  return scrollable('What is worse than in the earlier run', table)
}

/** The code of a finding: a long answer ended, and no pod explains it. */
const unexplainedBreak = 'MP-945'

const figures = (upgrade: Upgrade): Markup => {
  const { sent, lost, longestGapMilliseconds, streamBreaks, wrong } = trafficTotals(upgrade.probes, upgrade.measured)
  const mustBeZero = (figure: number): string => (figure > 0 ? 'fail' : 'pass')
  const breaksAreBad = upgrade.findings.some(({ code }) => code === unexplainedBreak)
  const shown: [title: string, figure: string, verdict: string][] = [
    ['requests lost', count(lost), mustBeZero(lost)],
    ['requests sent', count(sent), ''],
    ['longest gap between answers', `${count(longestGapMilliseconds)} ms`, ''],
    ['streams broken off', count(streamBreaks), breaksAreBad ? 'fail' : ''],
    ['wrong answers', count(wrong), mustBeZero(wrong)],
  ]
  return markup`
    <dl class="figures">
      ${shown.map(
        ([title, figure, verdict]) => markup`<div class="${verdict}"><dt>${title}</dt><dd>${figure}</dd></div>`,
      )}
    </dl>
  `
}

const limits = ({ budgets, overhead, changedDefaults }: Upgrade): Markup => markup`
  <dl class="facts">
    <dt>Lost at most, where any may be</dt><dd>${percent(budgets.maxLoss)}</dd>
    <dt>Longest gap at most</dt><dd>${count(budgets.maxGapMilliseconds)} ms</dd>
    <dt>p99 at most</dt><dd>${budgets.maxP99Ratio} times the baseline’s</dd>
    ${overhead && markup`<dt>Share of one core</dt><dd>${overheadWords(overhead)}</dd>`}
    ${changedDefaults.length > 0 && changedTerm(changedDefaults)}
  </dl>
`

const overheadWords = ({ probes, proxies }: NonNullable<Upgrade['overhead']>): string =>
  `${percent(probes)} by the probes’ own programs, ${percent(proxies)} by the mesh’s proxies`

const changedTerm = (lines: readonly string[]): Markup => markup`
  <dt>Defaults of Istio that changed</dt>
  <dd><ul class="reasons">${lines.map((line) => markup`<li>${line}</li>`)}</ul></dd>
`

const percent = (share: number): string => `${Number((share * 100).toFixed(2))} %`
