import { laterTroubles, type Finding } from '#results/explanation.ts'
import { joined, markup, type Markup } from '#report/markup.ts'
import { variantName, type TopologyResult } from '#results/results.ts'
import { anchorOf } from '#report/words.ts'
import { codeWords, evidenceLines, nextStep } from './mesh-finding.ts'

type Warned = { topology: TopologyResult; finding: Finding }

/** The most warnings that the card shows. The layers of each topology show the others. */
const mostWarnings = 20

/** What the diagnosis found in topologies of which no check failed; undefined if there is nothing. */
export const warningCard = (topologies: readonly TopologyResult[]): Markup | undefined => {
  const warned = topologies.flatMap((topology) =>
    laterTroubles(topology).map((finding): Warned => ({ topology, finding })),
  )
  if (warned.length === 0) return undefined
  const grouped = [
    ...Map.groupBy(warned, ({ finding: { code, cause, where } }) => JSON.stringify([code, cause, where])).values(),
  ]
  const more = grouped.length - mostWarnings
  return markup`
    <div class="cause later">
      <p class="layer"><b>${grouped.length === 1 ? 'Warning' : `${grouped.length} warnings`}</b>
        The checks passed. This can hurt later.</p>
      <ul>${grouped.slice(0, mostWarnings).map((same) => warningItem(same, topologies.length > 1))}</ul>
      ${more > 0 && markup`<p class="where">${more} more stand in the layers below.</p>`}
    </div>
  `
}

const warningItem = (same: readonly Warned[], several: boolean): Markup | undefined => {
  const [first] = same
  if (!first) return undefined
  const { code, cause, where } = first.finding
  const links = same.map(({ topology }) => markup`<a href="#${anchorOf(topology)}">${variantName(topology)}</a>`)
  return markup`
    <li>
      <p class="why">${cause}</p>
      <p class="object">Look at <b>${where}</b>${several && markup` in ${joined(links, ', ')}`}</p>
      ${evidenceLines(first.finding)}
      ${nextStep('See', first.finding)}
      <p class="where">${codeWords(code)}</p>
    </li>
  `
}
