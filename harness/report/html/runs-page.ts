import { firstBroken } from '../../diagnose/diagnose.ts'
import { markup, type Markup } from '../markup.ts'
import { variantName, type Results, type TopologyResult } from '../results.ts'
import { outcomeOf, strategyWords } from '../upgrade-words.ts'
import { anchorOf, runVerdict, verdictWords } from '../words.ts'
import { badge } from './badge.ts'
import { document } from './document.ts'

/** A run and where its own page is, seen from the page of all. */
export type LinkedRun = { results: Results; link: string }

/** matrix.html: a row for every variant of a topology, a column for every run, by its versions and then its date. */
export const runsPage = (runs: readonly LinkedRun[]): string => {
  const sorted = runs.toSorted((a, b) => byVersion(a.results.environment.istio, b.results.environment.istio)
    || byVersion(a.results.environment.kubernetes, b.results.environment.kubernetes) || a.results.run.startedAt.localeCompare(b.results.run.startedAt))
  const variants = [...new Set(runs.flatMap(({ results }) => results.topologies.map(rowName)))]
  const verdicts = runs.map(({ results }) => runVerdict(results))
  const failed = verdicts.filter((one) => one === 'fail').length
  const verdict = failed > 0 ? 'fail' as const : verdicts.every((one) => one === 'pass' || one === 'flaky') ? 'pass' as const : 'not-run' as const
  const titles = { fail: `${failed} of ${runs.length} runs failed`, pass: `All ${runs.length} runs passed`, 'not-run': `${verdicts.filter((one) => one === 'not-run').length} of ${runs.length} runs not complete` }
  return document(titles[verdict], { href: '#main', text: 'Skip to the table' }, markup`<header class="head ${verdict}"><h1><span class="mark" aria-hidden="true">${verdictWords[verdict].mark}</span> ${titles[verdict]}</h1>
<p class="sentence">Topologies by version: ${[...new Set(sorted.map(({ results }) => `Istio ${releaseOf(results)} on Kubernetes ${results.environment.kubernetes}`))].join(', ')}.</p></header>
<main id="main"><div class="scroll" tabindex="0" role="group" aria-label="Topologies by run"><table class="runs"><thead><tr><th scope="col">topology</th>${sorted.map(({ results, link }) =>
  markup`<th scope="col"><b>Istio ${releaseOf(results)}</b><br>Kubernetes ${results.environment.kubernetes}<small><a href="${link}">${results.run.startedAt.slice(0, 16).replace('T', ' ')}</a></small></th>`)}</tr></thead><tbody>
${variants.map((name) => markup`<tr><th scope="row">${name}</th>${sorted.map((run) => cell(run, name))}</tr>
`)}</tbody></table></div></main>`)
}

const cell = ({ results, link }: LinkedRun, name: string): Markup => {
  const topology = results.topologies.find((one) => rowName(one) === name)
  if (!topology) return markup`<td><span aria-hidden="true">·</span><span class="unseen">not part of the run</span></td>`
  return markup`<td class="${topology.verdict}"><a href="${link}#${anchorOf(topology)}">${badge(topology.upgrade?.verdict ?? topology.verdict)}</a><small>${outcomeOf(topology)}${whatBroke(topology)}</small></td>`
}

// Of a run that upgraded, both.
const releaseOf = ({ environment, topologies }: Results): string =>
  [...new Set(topologies.flatMap(({ upgrade }) => (upgrade ? [`${upgrade.from.istio} → ${upgrade.to.istio}`] : [])))].join(', ') || environment.istio

// An upgrade proves something else than the checks of its topology do: it is no other version of their row.
const rowName = (topology: TopologyResult): string => (topology.upgrade ? `${variantName(topology)}, upgraded ${strategyWords[topology.upgrade.strategy]}` : variantName(topology))

const whatBroke = ({ checks, upgrade }: TopologyResult): string => {
  const [found] = upgrade?.findings ?? []
  if (found) return `: ${found.phase} (${found.code})`
  const broken = firstBroken(checks)
  return broken === undefined ? '' : `: ${broken.layer} (${broken.code})`
}

// By their numbers: 1.9 before 1.30.
const { compare: byVersion } = new Intl.Collator('en', { numeric: true })
