import { markup, type Markup } from '#report/markup.ts'
import { variantName, type Results, type TopologyResult, type Upgrade, type UpgradeVerdict } from '#results/results.ts'
import { outcomeOf, strategyWords, upgradeRunVerdict, upgradeVerdictWords } from '#report/upgrade-words.ts'
import { anchorOf, duration, worstFirst } from '#report/words.ts'
import { findings } from './findings.ts'
import { endedEarly, index, runLine } from './verdict.ts'

/** A topology with the upgrade it went through. */
export type Upgraded = TopologyResult & { upgrade: Upgrade }

/** The topologies of a run that were upgraded, the worst first. */
export const upgraded = ({ topologies }: Pick<Results, 'topologies'>): Upgraded[] =>
  worstFirst(topologies).flatMap((topology) => (topology.upgrade ? [{ ...topology, upgrade: topology.upgrade }] : []))

const headlines: Record<UpgradeVerdict, string> = {
  pass: 'Upgrade passed',
  warn: 'Upgrade passed, with warnings',
  'not-run': 'Upgrade not proven',
  inconclusive: 'Upgrade inconclusive',
  fail: 'Upgrade failed',
}

/** `Upgrade failed: gateway, lab-a → lab-b`. */
export const upgradeTitle = (results: Results): string =>
  `${headlines[upgradeRunVerdict(results)]}: ${upgraded(results)
    .map((topology) => `${variantName(topology)}, ${topology.upgrade.from.istio} → ${topology.upgrade.to.istio}`)
    .join('; ')}`

/** What comes first of a run that upgraded: the verdict, from what to what, and the worst finding of every topology. */
export const upgradeHead = (results: Results): Markup => {
  const verdict = upgradeRunVerdict(results)
  return markup`<header class="head ${verdict}">
<h1><span class="mark" aria-hidden="true">${upgradeVerdictWords[verdict].mark}</span> ${headlines[verdict]}</h1>
${upgraded(results).map(
  (
    topology,
  ) => markup`<p class="sentence"><b>${variantName(topology)}</b> ${releases(topology.upgrade)}, ${strategyWords[topology.upgrade.strategy]}: ${outcomeOf(topology)} in ${duration(underTraffic(topology.upgrade))} under traffic.</p>
${findings(topology.upgrade.findings.slice(0, 1), topology.upgrade, anchorOf(topology))}
${topology.upgrade.findings.length > 1 && markup`<p class="more"><a href="#${anchorOf(topology)}--findings">${topology.upgrade.findings.length - 1} more below</a></p>`}`,
)}
${endedEarly(results)}
${runLine(results)}
</header>${results.topologies.length > 1 && index(results.topologies)}`
}

const releases = ({ from, to }: Upgrade): Markup =>
  markup`from Istio ${from.istio} with Envoy ${from.envoy} <span aria-hidden="true">→</span><span class="unseen">to</span> Istio ${to.istio} with Envoy ${to.envoy}`

const underTraffic = ({ timeline: { lanes } }: Upgrade): number =>
  Math.max(0, ...lanes.map(({ seconds }) => seconds.length))
