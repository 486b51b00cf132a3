import { markup, type Markup } from '#report/markup.ts'
import { variantName, type Phase, type RunningRelease, type UpgradePhaseResult } from '#results/results.ts'
import { count, lostWords, phaseWords, trafficTotals } from '#report/upgrade-words.ts'
import { anchorOf, countsOf, duration, verdictWords } from '#report/words.ts'
import { badge } from './badge.ts'
import { checkDetails, type Extent } from './check-details.ts'
import { measuredTables } from './measured-table.ts'
import { reasonsFor } from './not-asked.ts'
import { columnTitles, row, scrollable } from './table.ts'
import type { UpgradedTopology } from './upgrade-head.ts'

/**
 * Every phase with its traffic, its steps, the releases that ran after it, and its checks. A phase that did not simply
 * pass is open.
 */
export const upgradePhases = (topology: UpgradedTopology, extent: Extent): Markup =>
  markup`${topology.upgrade.phases.map((phase) => phasePart(topology, phase, extent))}`

const phasePart = (topology: UpgradedTopology, phase: UpgradePhaseResult, extent: Extent): Markup => {
  const { verdict, reason, checks } = phase
  const anchored = { ...topology, phase: phase.id, checks }
  const name = phaseWords(phase)
  return markup`
    <details class="phase ${verdict}"${verdict !== 'pass' && markup` open`}>${summary(topology, phase)}
    <div class="inside" id="${anchorOf(anchored)}">
      ${reason !== '' && markup`<p class="said">${reason}</p>`}
      ${trafficPart(topology, phase)}
      <h4>Steps</h4>
      ${phase.steps.length === 0 ? markup`<p class="note">The phase has no steps.</p>` : stepList(phase.steps)}
      ${phase.releases.length > 0 && releases(phase.releases, `What ran after ${name} of ${variantName(topology)}`)}
      <h4>Checks: ${countsOf(checks)}</h4>
      ${worstFirst(checks)
        .filter(({ attempts }) => attempts.length > 0)
        .map((check) => checkDetails(anchored, check, extent, check.verdict === 'fail'))}
      ${reasonsFor(checks)}
    </div></details>
  `
}

const summary = ({ upgrade }: UpgradedTopology, phase: UpgradePhaseResult): Markup => {
  const measured = upgrade.measured.filter((figures) => figures.phase === phase.id)
  const totals = trafficTotals(upgrade.probes, measured)
  return markup`
    <summary><span>${badge(phase.verdict)} <b>${phaseWords(phase)}</b>
      <span class="${totals.lost > 0 ? 'lost' : 'reason'}">${measured.length > 0 && lostWords(totals)}</span>
      <span class="time">${duration(phase.seconds)}</span></span></summary>
  `
}

const trafficPart = (topology: UpgradedTopology, phase: UpgradePhaseResult): Markup => {
  const { probes, measured } = topology.upgrade
  const ofPhase = measured.filter((figures) => figures.phase === phase.id)
  const { streamBreaks, plannedBreaks } = trafficTotals(probes, ofPhase)
  return markup`
    <h4>Traffic</h4>
    ${streamBreaks > 0 && markup`<p class="said">${count(streamBreaks)} streams broke off.</p>`}
    ${plannedBreaks > 0 && plannedEnds(plannedBreaks)}
    ${measuredTables(probes, ofPhase, `Traffic of ${variantName(topology)} in ${phaseWords(phase)}`)}
  `
}

const plannedEnds = (breaks: number): Markup =>
  markup`<p>${count(breaks)} streams ended with pods that were replaced as planned.</p>`

const stepList = (steps: readonly Phase[]): Markup => markup`<ol class="reasons">${steps.map(stepItem)}</ol>`

const stepItem = ({ name, seconds, verdict }: Phase): Markup => {
  const { mark, word } = verdictWords[verdict]
  const problem = verdict !== 'pass' && markup` <b class="${verdict}">${mark} ${word}</b>`
  return markup`<li>${name} <small>${duration(seconds)}</small>${problem}</li>`
}

const worstFirst = (checks: UpgradePhaseResult['checks']): UpgradePhaseResult['checks'] =>
  checks.toSorted((a, b) => verdictWords[a.verdict].rank - verdictWords[b.verdict].rank)

// Workloads of a cluster that run the same release share a row.
const releases = (running: readonly RunningRelease[], label: string): Markup => {
  const groups = Map.groupBy(running, ({ istio, envoy, cluster }) => JSON.stringify([istio, envoy, cluster]))
  const rows = [...groups.values()].map((sameRelease) => {
    const workloads = [...new Set(sameRelease.map(({ workload }) => workload))].join(', ')
    return sameRelease.slice(0, 1).map(({ istio, envoy, cluster }) => row([istio, envoy, cluster, workloads]))
  })
  const table = markup`
    <table>${columnTitles(['Istio', 'Envoy', 'cluster', 'workloads'])}<tbody>${rows}</tbody></table>
  `
  return markup`<h4>What ran afterwards</h4>${scrollable(label, table)}`
}
