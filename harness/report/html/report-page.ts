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
import { upgraded, upgradeHead, upgradeTitle } from './upgrade-head.ts'
import { upgradeScript } from './upgrade-script.ts'
import { upgradeSection } from './upgrade-section.ts'
import { upgradeStyle } from './upgrade-style.ts'
import { verdictHead } from './verdict.ts'

/** The largest page, in bytes of UTF-8: of checks (issue 5), and of an upgrade (issue 6). */
export const largestPage = 1_000_000
export const largestUpgradePage = 2_000_000

/**
 * report.html: one page with no other file to it. Where all the evidence would make it too large, that of passed checks
 * stays in results.json, or all of it.
 */
export const reportPage = (results: Results): string => {
  const fits = (html: string): boolean =>
    Buffer.byteLength(html) <= (upgraded(results).length > 0 ? largestUpgradePage : largestPage)
  const whole = page(results, 'all')
  if (fits(whole)) return whole
  const shorter = page(results, 'of problems')
  return fits(shorter) ? shorter : page(results, 'none')
}

const page = (results: Results, extent: Extent): string => {
  const sections = markup`<main id="main">${worstFirst(results.topologies).map((topology) => section(topology, extent))}
${environmentSection(results)}</main>`
  const [worst] = upgraded(results)
  return worst
    ? document(
        upgradeTitle(results),
        { href: `#${anchorOf(worst)}`, text: 'Skip to the traffic' },
        markup`${upgradeHead(results)}
${sections}`,
        { style: upgradeStyle, script: upgradeScript },
      )
    : document(
        `${verdictWords[runVerdict(results)].word}: ${results.topologies.map(variantName).join(', ')}`,
        skipOf(results),
        markup`${verdictHead(results)}
${sections}`,
      )
}

const skipOf = ({ topologies }: Results): { href: string; text: string } => {
  const [found] = worstFirst(topologies).flatMap((topology) =>
    topology.checks
      .filter(({ diagnosis, verdict }) => verdict === 'fail' && diagnosis !== undefined)
      .map((check) => ({ topology, check }))
      .filter(({ check }) => !isConsequence(check)),
  )
  return found
    ? { href: `#${idOf(found.topology, found.check)}`, text: 'Skip to what failed' }
    : { href: '#main', text: 'Skip to the details' }
}

const section = (topology: TopologyResult, extent: Extent): Markup =>
  topology.upgrade
    ? upgradeSection({ ...topology, upgrade: topology.upgrade }, extent)
    : checksSection(topology, extent)

const checksSection = (
  topology: TopologyResult,
  extent: Extent,
): Markup => markup`<section id="${anchorOf(topology)}" class="topology"><h2>${variantName(topology)} ${badge(topology.verdict)} <small>${countsOf(topology.checks)}</small></h2>
${topology.reason !== '' && markup`<p class="said">${topology.reason}</p>`}
${topology.bundle !== undefined && markup`<p class="bundle">The state of the clusters when it failed: <a href="./${encodeURI(topology.bundle)}">${topology.bundle}</a></p>`}
<div class="overview"><div><h3>Layers</h3>${ladder(topology)}</div><div><h3>Clusters</h3>${picture(topology)}</div></div>
${failedChecks(topology, extent)}
<h3>Check matrix</h3>${matrix(topology)}
${otherChecks(topology, extent)}
${notAsked(topology)}
<h3>Timeline</h3>${timeline(topology)}</section>
`
