import { markup, type Markup } from '#report/markup.ts'
import { variantName, type RunningRelease, type UpgradePhaseResult } from '#results/results.ts'
import { count, lostWords, phaseWords, trafficOf } from '#report/upgrade-words.ts'
import { anchorOf, countsOf, duration, verdictWords } from '#report/words.ts'
import { badge } from './badge.ts'
import { checkDetails, type Extent } from './check-details.ts'
import { measuredTables } from './measured-table.ts'
import { reasonsFor } from './not-asked.ts'
import type { Upgraded } from './upgrade-head.ts'

/**
 * Every phase with its traffic, its steps, what ran after it, and its checks; open where something was lost or is not
 * as it should be.
 */
export const upgradePhases = (topology: Upgraded, extent: Extent): Markup =>
  markup`${topology.upgrade.phases.map((phase) => phasePart(topology, phase, extent))}`

const phasePart = (topology: Upgraded, phase: UpgradePhaseResult, extent: Extent): Markup => {
  const {
    upgrade: { probes, measured },
  } = topology
  const own = measured.filter((one) => one.phase === phase.id)
  const all = trafficOf(probes, own)
  const asked = { ...topology, phase: phase.id, checks: phase.checks }
  const name = phaseWords(phase)
  return markup`<details class="phase ${phase.verdict}"${phase.verdict !== 'pass' && markup` open`}><summary><span>${badge(phase.verdict)} <b>${name}</b> <span class="${all.lost > 0 ? 'lost' : 'reason'}">${own.length > 0 && lostWords(all)}</span> <span class="time">${duration(phase.seconds)}</span></span></summary>
<div class="inside" id="${anchorOf(asked)}">${phase.reason !== '' && markup`<p class="said">${phase.reason}</p>`}
<h4>Traffic</h4>${all.streamBreaks > 0 && markup`<p class="said">${count(all.streamBreaks)} streams broke off.</p>`}${measuredTables(probes, own, `Traffic of ${variantName(topology)} in ${name}`)}
<h4>Steps</h4>${
    phase.steps.length === 0
      ? markup`<p class="note">None was done.</p>`
      : markup`<ol class="reasons">${phase.steps.map(
          (step) =>
            markup`<li>${step.name} <small>${duration(step.seconds)}</small>${step.verdict !== 'pass' && markup` <b class="${step.verdict}">${verdictWords[step.verdict].mark} ${verdictWords[step.verdict].word}</b>`}</li>`,
        )}</ol>`
  }
${phase.releases.length > 0 && releases(phase.releases, `What ran after ${name} of ${variantName(topology)}`)}
<h4>Checks: ${countsOf(phase.checks)}</h4>${sorted(phase)
    .filter(({ attempts }) => attempts.length > 0)
    .map((check) => checkDetails(asked, check, extent, check.verdict === 'fail'))}
${reasonsFor(phase.checks)}</div></details>
`
}

const sorted = ({ checks }: UpgradePhaseResult): UpgradePhaseResult['checks'] =>
  checks.toSorted((a, b) => verdictWords[a.verdict].rank - verdictWords[b.verdict].rank)

// What runs the same release is told together.
const releases = (running: readonly RunningRelease[], label: string): Markup =>
  markup`<h4>What ran afterwards</h4><div class="scroll" tabindex="0" role="group" aria-label="${label}"><table><thead><tr><th scope="col">Istio</th><th scope="col">Envoy</th><th scope="col">cluster</th><th scope="col">workloads</th></tr></thead><tbody>${[
    ...Map.groupBy(running, ({ istio, envoy, cluster }) => JSON.stringify([istio, envoy, cluster])).values(),
  ].map(
    (same) =>
      same[0] &&
      markup`<tr><td>${same[0].istio}</td><td>${same[0].envoy}</td><td>${same[0].cluster}</td><td>${[...new Set(same.map(({ workload }) => workload))].join(', ')}</td></tr>
`,
  )}</tbody></table></div>`
