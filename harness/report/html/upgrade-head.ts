import { markup, type Markup } from '#report/markup.ts'
import { variantName, type Results, type TopologyResult, type Upgrade, type UpgradeVerdict } from '#results/results.ts'
import { outcomeOf, strategyWords, upgradeRunVerdict, upgradeVerdictWords } from '#report/upgrade-words.ts'
import { anchorOf, duration, worstFirst } from '#report/words.ts'
import { afterwardsCard } from './cause-card.ts'
import { findings } from './findings.ts'
import { arrowTo } from './screen-reader.ts'
import { endedEarly, index, runLine } from './verdict.ts'

/** A topology that was upgraded. */
export type UpgradedTopology = TopologyResult & { upgrade: Upgrade }

/** The topologies of a run that were upgraded, the worst first. */
export const upgradedTopologies = ({ topologies }: Pick<Results, 'topologies'>): UpgradedTopology[] =>
  worstFirst(topologies).flatMap((topology) => (topology.upgrade ? [{ ...topology, upgrade: topology.upgrade }] : []))

const headlines: Record<UpgradeVerdict, string> = {
  pass: 'Upgrade passed',
  warn: 'Upgrade passed, with warnings',
  'not-run': 'Upgrade not proven',
  inconclusive: 'Upgrade inconclusive',
  fail: 'Upgrade failed',
}

/** `Upgrade failed: gateway, 1.30-dev → 1.31-dev`. */
export const upgradeTitle = (results: Results): string => {
  const upgrades = upgradedTopologies(results).map(
    (topology) => `${variantName(topology)}, ${topology.upgrade.from.istio} → ${topology.upgrade.to.istio}`,
  )
  return `${headlines[upgradeRunVerdict(results)]}: ${upgrades.join('; ')}`
}

/** The head of the page of an upgrade: the verdict, both releases, and the worst finding of every topology. */
export const upgradeHead = (results: Results): Markup => {
  const verdict = upgradeRunVerdict(results)
  return markup`
    <header class="head ${verdict}">
      <h1><span class="mark" aria-hidden="true">${upgradeVerdictWords[verdict].mark}</span> ${headlines[verdict]}</h1>
      ${upgradedTopologies(results).map(topologyPart)}
      ${endedEarly(results)}
      ${runLine(results)}
    </header>
    ${results.topologies.length > 1 && index(results.topologies)}
  `
}

const topologyPart = (topology: UpgradedTopology): Markup => {
  const { upgrade } = topology
  const anchor = anchorOf(topology)
  const outcome = `${outcomeOf(topology)} in ${duration(underTraffic(upgrade))} under traffic.`
  const others = upgrade.findings.length - 1
  return markup`
    <p class="sentence"><b>${variantName(topology)}</b>
      ${releases(upgrade)}, ${strategyWords[upgrade.strategy]}: ${outcome}</p>
    ${findings(upgrade.findings.slice(0, 1), upgrade, anchor)}
    ${afterwardsCard(topology)}
    ${others > 0 && markup`<p class="more"><a href="#${anchor}--findings">${others} more below</a></p>`}
  `
}

const releases = ({ from, to }: Upgrade): Markup => markup`from ${release(from)} ${arrowTo} ${release(to)}`

const release = ({ istio, envoy }: Upgrade['from']): string => `Istio ${istio} with Envoy ${envoy}`

const underTraffic = ({ timeline: { lanes } }: Upgrade): number =>
  Math.max(0, ...lanes.map(({ seconds }) => seconds.length))
