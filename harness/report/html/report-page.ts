import { isConsequence } from '#results/explain.ts'
import { markup, type Markup } from '#report/markup.ts'
import { variantName, type Results, type TopologyResult } from '#results/results.ts'
import { anchorOf, countsOf, runVerdict, verdictWords, worstFirst } from '#report/words.ts'
import { idOf } from './check-id.ts'
import { badge } from './badge.ts'
import { failedChecks, otherChecks, type Extent } from './check-details.ts'
import { environmentSection } from './environment.ts'
import { ladder } from './ladder.ts'
import { matrix } from './matrix.ts'
import { notAsked } from './not-asked.ts'
import { document } from './document.ts'
import { picture } from './picture.ts'
import { timeline } from './timeline.ts'
import { upgradeAssets } from './assets.ts'
import { upgradedTopologies, upgradeHead, upgradeTitle } from './upgrade-head.ts'
import { upgradeSection } from './upgrade-section.ts'
import { outcomeOf } from '#report/upgrade-words.ts'
import { judgesPart } from './judges.ts'
import { roundsSection } from './rounds.ts'
import { reasonAndBundle, verdictHead } from './verdict.ts'

/** The largest page of a run of checks, in bytes of UTF-8 (issue 5). */
export const largestPage = 1_000_000

/** The largest page of a run with an upgrade, in bytes of UTF-8 (issue 6). */
export const largestUpgradePage = 2_000_000

/**
 * report.html: one page that needs no other file. Where all the evidence makes it too large, the page leaves out the
 * evidence of passed checks, or all of it; results.json has it.
 */
export const reportPage = (results: Results): string => {
  const limit = upgradedTopologies(results).length > 0 ? largestUpgradePage : largestPage
  const fits = (html: string): boolean => Buffer.byteLength(html) <= limit
  const whole = page(results, 'all')
  if (fits(whole)) return whole
  const shorter = page(results, 'of problems')
  return fits(shorter) ? shorter : page(results, 'none')
}

const page = (results: Results, extent: Extent): string => {
  const sections = markup`
    <main id="main">
      ${worstFirst(results.topologies).map((topology) => section(topology, extent))}
      ${environmentSection(results)}
    </main>
  `
  const [worst] = upgradedTopologies(results)
  if (worst)
    return document(
      upgradeTitle(results),
      { href: `#${anchorOf(worst)}`, text: 'Skip to the traffic' },
      markup`${upgradeHead(results)}${sections}`,
      upgradeAssets,
    )
  const verdict = verdictWords[runVerdict(results)].word
  return document(
    `${verdict}: ${results.topologies.map(variantName).join(', ')}`,
    skipOf(results),
    markup`${verdictHead(results)}${sections}`,
  )
}

const skipOf = ({ topologies }: Results): { href: string; text: string } => {
  const causes = worstFirst(topologies).flatMap((topology) =>
    topology.checks
      .filter((check) => check.verdict === 'fail' && check.diagnosis !== undefined && !isConsequence(check))
      .map((check) => idOf(topology, check)),
  )
  return causes[0] === undefined
    ? { href: '#main', text: 'Skip to the details' }
    : { href: `#${causes[0]}`, text: 'Skip to what failed' }
}

const section = (topology: TopologyResult, extent: Extent): Markup =>
  topology.upgrade
    ? upgradeSection({ ...topology, upgrade: topology.upgrade }, extent)
    : topology.judges && topology.checks.length === 0
      ? judgesSection(topology)
      : checksSection(topology, extent)

const judgesSection = (topology: TopologyResult): Markup => markup`
  <section id="${anchorOf(topology)}" class="topology">
    <h2>${variantName(topology)} ${badge(topology.verdict)} <small>${outcomeOf(topology)}</small></h2>
    ${reasonAndBundle(topology)}
    ${judgesPart(topology)}
    <h3>Timeline</h3>${timeline(topology)}
  </section>
`

const checksSection = (topology: TopologyResult, extent: Extent): Markup => markup`
  <section id="${anchorOf(topology)}" class="topology">
    <h2>${variantName(topology)} ${badge(topology.verdict)} <small>${countsOf(topology.checks)}</small></h2>
    ${reasonAndBundle(topology)}
    <div class="overview">
      <div><h3>Layers</h3>${ladder(topology)}</div>
      <div><h3>Clusters</h3>${picture(topology)}</div>
    </div>
    ${judgesPart(topology)}
    ${failedChecks(topology, extent)}
    <h3>Check matrix</h3>${matrix(topology)}
    ${topology.rounds && roundsSection(topology, topology.rounds)}
    ${otherChecks(topology, extent)}
    ${notAsked(topology)}
    <h3>Timeline</h3>${timeline(topology)}
  </section>
`
