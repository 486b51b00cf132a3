import { markup, type Markup } from '#report/markup.ts'
import { variantName, type Worse } from '#results/results.ts'
import { count, outcomeOf, trafficOf } from '#report/upgrade-words.ts'
import { anchorOf } from '#report/words.ts'
import { badge } from './badge.ts'
import { byPhase } from './by-phase.ts'
import type { Extent } from './check-details.ts'
import { findings } from './findings.ts'
import { notAsked } from './not-asked.ts'
import { timeline } from './timeline.ts'
import { traffic } from './traffic.ts'
import type { Upgraded } from './upgrade-head.ts'
import { upgradePhases } from './upgrade-phases.ts'

/**
 * An upgraded topology: its traffic second by second, the findings besides the worst, which stands at the page’s
 * head, its phases, its checks after each, and how it was judged.
 */
export const upgradeSection = (topology: Upgraded, extent: Extent): Markup => {
  const { upgrade, reason, bundle, phases } = topology
  const { compared, leftOut } = upgrade
  const anchor = anchorOf(topology)
  return markup`<section id="${anchor}" class="topology"><h2>${variantName(topology)} ${badge(upgrade.verdict)} <small>${outcomeOf(topology)}</small></h2>
${reason !== '' && markup`<p class="said">${reason}</p>`}
${bundle !== undefined && markup`<p class="bundle">The state of the clusters when it failed: <a href="./${encodeURI(bundle)}">${bundle}</a></p>`}
${figures(topology)}
<h3>Traffic</h3>${traffic(topology, upgrade)}
${upgrade.findings.length > 1 && markup`<h3 id="${anchor}--findings">What else was found</h3>${findings(upgrade.findings.slice(1), upgrade, anchor)}`}
${compared && markup`<h3>Beside run ${compared.run}</h3>${worse(compared.worse)}`}
<h3>Phases</h3>${upgradePhases(topology, extent)}${leftOut.length > 0 && markup`<ul class="reasons">${leftOut.map(({ phase, why }) => markup`<li>${phase} is left out: ${why}</li>`)}</ul>`}
<h3>Checks after every phase</h3>${byPhase(topology)}
${upgrade.phases.every(({ checks }) => checks.length === 0) && notAsked(topology)}
<h3>How it was judged</h3>${terms(topology)}
${phases.length > 0 && markup`<h3>Timeline of the lab</h3>${timeline(topology)}`}</section>
`
}

const worse = (all: readonly Worse[]): Markup =>
  all.length === 0
    ? markup`<p>Nothing is worse.</p>`
    : markup`<div class="scroll" tabindex="0" role="group" aria-label="What is worse than in the earlier run"><table><thead><tr><th scope="col">what</th><th scope="col">before</th><th scope="col">now</th></tr></thead><tbody>${all.map(
        ({ what, before, now }) => markup`<tr><td>${what}</td><td>${before}</td><td>${now}</td></tr>
`,
      )}</tbody></table></div>`

/** Long answers that ended without a pod that would explain it. */
const unexplained = 'MP-945'

const figures = ({ upgrade }: Upgraded): Markup => {
  const { sent, lost, longestGapMilliseconds, streamBreaks, wrong } = trafficOf(upgrade.probes, upgrade.measured)
  const bad = (figure: number): string => (figure > 0 ? 'fail' : 'pass')
  const all: [title: string, figure: string, how: string][] = [
    ['requests lost', count(lost), bad(lost)],
    ['requests sent', count(sent), ''],
    ['longest gap between answers', `${count(longestGapMilliseconds)} ms`, ''],
    [
      'streams broken off',
      count(streamBreaks),
      upgrade.findings.some(({ code }) => code === unexplained) ? 'fail' : '',
    ],
    ['wrong answers', count(wrong), bad(wrong)],
  ]
  return markup`<dl class="figures">${all.map(([title, figure, how]) => markup`<div class="${how}"><dt>${title}</dt><dd>${figure}</dd></div>`)}</dl>`
}

const terms = ({
  upgrade: { budgets, overhead, changedDefaults },
}: Upgraded): Markup => markup`<dl class="facts"><dt>Lost at most, where any may be</dt><dd>${percent(budgets.maxLoss)}</dd><dt>Longest gap at most</dt><dd>${count(budgets.maxGapMilliseconds)} ms</dd>
<dt>p99 at most</dt><dd>${budgets.maxP99Ratio} times the baseline’s</dd>${overhead && markup`<dt>Share of one core</dt><dd>${percent(overhead.probes)} by the probes’ own programs, ${percent(overhead.proxies)} by the mesh’s proxies</dd>`}${
  changedDefaults.length > 0 &&
  markup`<dt>Defaults of Istio that changed</dt><dd><ul class="reasons">${changedDefaults.map((line) => markup`<li>${line}</li>`)}</ul></dd>`
}</dl>`

const percent = (share: number): string => `${Number((share * 100).toFixed(2))} %`
