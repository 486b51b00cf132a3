import { joined, markup, type Markup } from '#report/markup.ts'
import { variantName, type TopologyResult } from '#results/results.ts'
import { severalNetworks } from '#topology/networks.ts'
import { anchorOf, countsOf } from '#report/words.ts'
import { arrow } from './arrow.ts'
import { breakingPoint, type BreakingPoint } from './breaking-point.ts'
import { crossingsOf, type Crossing } from './crossings.ts'
import { gateOf, layoutOf, type Layout, type PlacedCluster } from './layout.ts'
import { arrowTo, onlyShown } from './screen-reader.ts'

/** The kinds of arrows: each needs a head of its colour. */
const arrowKinds = ['pass', 'fail', 'flaky', 'not-run', 'none'] as const

/**
 * A drawing of the clusters of a topology and of what crossed between them, with a mark where it breaks. Below it
 * stands the same in words, and what no arrow can show.
 */
export const picture = (topology: TopologyResult): Markup =>
  pictureOf(topology, crossingsOf(topology), breakingPoint(topology))

/** A drawing of clusters of which nothing is known about what crossed between them, with a mark where it breaks. */
export const pictureOfClusters = (mesh: Drawn, point: BreakingPoint | undefined): Markup =>
  pictureOf({ ...mesh, checks: [] }, [], point)

/** What a picture shows of a mesh without checks. */
export type Drawn = Pick<TopologyResult, 'name' | 'mtls' | 'clusters'>

const pictureOf = (
  topology: Drawn & Pick<TopologyResult, 'checks'>,
  crossings: readonly Crossing[],
  point: BreakingPoint | undefined,
): Markup => {
  const anchor = anchorOf(topology)
  return markup`
    <figure class="picture">
      ${drawing(topology, crossings, anchor, point)}
      <figcaption>
        ${point && markup`<p id="${anchor}--broken" class="breaks">${onlyShown('✗')} ${point.words}.</p>`}
        <ul id="${anchor}--crossings" class="crossings">${crossings.map(crossingWords)}</ul>
        ${wholeMesh(topology)}
      </figcaption>
    </figure>
  `
}

const drawing = (
  topology: Drawn,
  crossings: readonly Crossing[],
  anchor: string,
  point: BreakingPoint | undefined,
): Markup => {
  const { width, height, clusters, networks } = layoutOf(topology.clusters)
  const several = severalNetworks(topology)
  const arrows = crossings.flatMap((crossing) => {
    const [from, to] = [crossing.from, crossing.to].map((name) => clusters.find(({ cluster }) => cluster.name === name))
    return from && to ? [arrow(crossing, from, to, clusters.length === 2, anchor)] : []
  })
  const labels = [`${anchor}--picture`, ...(point ? [`${anchor}--broken`] : []), `${anchor}--crossings`].join(' ')
  return markup`
    <svg viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${labels}">
      <title id="${anchor}--picture">${variantName(topology)}: ${topology.clusters.length} clusters</title>
      <defs>${arrowKinds.map((kind) => arrowHead(kind, anchor))}</defs>
      ${networks.map(networkFrame)}
      ${clusters.map((placed) => clusterBox(placed, several, guestsOf(topology, placed.cluster)))}
      ${joined(arrows, '\n')}
      ${clusters.map((placed) => breakMark(placed, point))}
    </svg>
  `
}

const arrowHead = (kind: (typeof arrowKinds)[number], anchor: string): Markup => markup`
  <marker id="${anchor}--${kind}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">
    <path class="head-${kind}" d="M0 0 10 5 0 10z"/>
  </marker>
`

const networkFrame = ({ name, x, y, width, height }: Layout['networks'][number]): Markup => markup`
  <g class="network">
    <rect x="${x}" y="${y}" width="${width}" height="${height}" rx="10"/>
    <text x="${x + width - 12}" y="${y + 17}">${fitting(name, width)}</text>
  </g>
`

/** The clusters whose istiod runs in a cluster that is not their own. */
const guestsOf = ({ clusters }: Drawn, { name }: { name: string }): string[] =>
  clusters.filter(({ istiodIn }) => istiodIn === name).map((guest) => guest.name)

/** What a cluster is in the mesh, in words that fit into its box. */
const roleWords = ({ role, istiodIn }: TopologyResult['clusters'][number], guests: string[], width: number): string => {
  if (istiodIn !== undefined) return shortened('config cluster', `istiod in ${istiodIn}`, width)
  if (guests.length > 0) return shortened(`${role} · istiod`, `of ${guests.join(', ')}`, width, ' ')
  if (role === 'remote') return role
  return `${role} · ${width > 200 ? 'control plane (istiod)' : 'istiod'}`
}

/** Words, and more of them where the box has room. A letter is at most 7 wide. */
const shortened = (words: string, more: string, width: number, separator = ' · '): string => {
  const whole = `${words}${separator}${more}`
  return whole.length * 7 > width ? words : whole
}

const clusterBox = (
  { cluster, x, y, width, height, inward }: PlacedCluster,
  several: boolean,
  guests: string[],
): Markup => {
  const { name } = cluster
  const middle = x + width / 2
  const nameSize = Math.min(17, Math.floor((1.6 * width) / name.length))
  return markup`
    <g class="cluster">
      <rect x="${x}" y="${y}" width="${width}" height="${height}" rx="8"/>
      <text class="name" font-size="${nameSize}" x="${middle}" y="${y + 36}">${name}</text>
      <text class="role" x="${middle}" y="${y + 55}">${roleWords(cluster, guests, width)}</text>
      ${several && gateway(gateOf({ x, y, width, height, inward }))}
    </g>
  `
}

const gateway = ({ x, y }: ReturnType<typeof gateOf>): Markup => markup`
  <g class="gate">
    <rect x="${x - 40}" y="${y - 12}" width="80" height="24" rx="12"/>
    <text x="${x}" y="${y + 5}">gateway</text>
  </g>
`

const breakMark = (placed: PlacedCluster, point: BreakingPoint | undefined): Markup | undefined => {
  if (!point?.clusters.includes(placed.cluster.name)) return undefined
  const gate = gateOf(placed)
  const { x, y } = point.part === 'gateway' ? { x: gate.x + 40, y: gate.y } : placed
  return markup`
    <g class="broken"><title>${point.words}</title>
    ${point.part === 'gateway' ? gateOutline(gate) : clusterOutline(placed)}
    <circle cx="${x}" cy="${y}" r="10"/>
    <path d="M${x - 4} ${y - 4}l8 8m0-8l-8 8"/></g>
  `
}

const gateOutline = ({ x, y }: ReturnType<typeof gateOf>): Markup =>
  markup`<rect x="${x - 40}" y="${y - 12}" width="80" height="24" rx="12"/>`

const clusterOutline = ({ x, y, width, height }: PlacedCluster): Markup =>
  markup`<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="8"/>`

const crossingWords = ({ from, to, verdict, asked }: Crossing): Markup => markup`
  <li class="${verdict}">
    <b>${from} ${arrowTo} ${to}</b> ${verdict === 'none' ? 'not asked' : countsOf(asked)}${failedOf(asked)}
  </li>
`

const failedOf = (checks: Crossing['asked']): string => {
  const failed = checks.filter(({ verdict }) => verdict === 'fail')
  return failed.length === 0 ? '' : `: ${failed.map(({ id }) => id).join(', ')}`
}

const wholeMesh = ({ checks }: Pick<TopologyResult, 'checks'>): Markup | undefined => {
  const whole = checks.filter(({ from, attempts }) => from.length > 1 && attempts.length > 0)
  if (whole.length === 0) return undefined
  return markup`<p class="note">Checks of the whole mesh belong to no arrow: ${countsOf(whole)}${failedOf(whole)}.</p>`
}

const fitting = (name: string, width: number): string =>
  name.length > width / 8 ? `${name.slice(0, Math.floor(width / 8) - 1)}…` : name
