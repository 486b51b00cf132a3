import { markup, type Markup } from '#report/markup.ts'
import { variantName, type TopologyResult } from '#results/results.ts'
import { severalNetworks } from '#topology/networks.ts'
import { anchorOf, countsOf } from '#report/words.ts'
import { arrow } from './arrow.ts'
import { crossingsOf, type Crossing } from './crossings.ts'
import { gateOf, layoutOf, type PlacedCluster } from './layout.ts'

/**
 * The clusters of a topology and what crossed between them, drawn; below it the same in words, and what no arrow can
 * tell.
 */
export const picture = (topology: TopologyResult): Markup => {
  const { width, height, clusters, networks } = layoutOf(topology.clusters)
  const several = severalNetworks(topology)
  const crossings = crossingsOf(topology)
  const anchor = anchorOf(topology)
  const arrows = crossings.flatMap((crossing) => {
    const [from, to] = [crossing.from, crossing.to].map((name) => clusters.find(({ cluster }) => cluster.name === name))
    return from && to ? [arrow(crossing, from, to, clusters.length === 2, anchor)] : []
  })
  return markup`<figure class="picture"><svg viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${anchor}--picture ${anchor}--crossings">
<title id="${anchor}--picture">${variantName(topology)}: ${topology.clusters.length} clusters</title>
<defs>${(['pass', 'fail', 'flaky', 'not-run', 'none'] as const).map((verdict) => markup`<marker id="${anchor}--${verdict}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto"><path class="head-${verdict}" d="M0 0 10 5 0 10z"/></marker>`)}</defs>
${networks.map(({ name, x, y, width: wide, height: high }) => markup`<g class="network"><rect x="${x}" y="${y}" width="${wide}" height="${high}" rx="10"/><text x="${x + wide - 12}" y="${y + 17}">${fitting(name, wide)}</text></g>`)}
${clusters.map((placed) => clusterBox(placed, several))}
${arrows}</svg>
<figcaption><ul id="${anchor}--crossings" class="crossings">${crossings.map(
    ({ from, to, verdict, asked }) =>
      markup`<li class="${verdict}"><b>${from} <span aria-hidden="true">→</span><span class="unseen">to</span> ${to}</b> ${verdict === 'none' ? 'not asked' : countsOf(asked)}${failedOf(asked)}</li>`,
  )}</ul>${wholeMesh(topology)}</figcaption></figure>`
}

const failedOf = (asked: Crossing['asked']): string => {
  const failed = asked.filter(({ verdict }) => verdict === 'fail')
  return failed.length === 0 ? '' : `: ${failed.map(({ id }) => id).join(', ')}`
}

const wholeMesh = ({ checks }: TopologyResult): Markup | undefined => {
  const whole = checks.filter(({ from, attempts }) => from.length > 1 && attempts.length > 0)
  return whole.length === 0
    ? undefined
    : markup`<p class="note">About the whole mesh, and so on no arrow: ${countsOf(whole)}${failedOf(whole)}.</p>`
}

const clusterBox = ({ cluster, x, y, width, height, inward }: PlacedCluster, several: boolean): Markup => {
  const gate = several && gateOf({ x, y, width, height, inward })
  return markup`<g class="cluster"><rect x="${x}" y="${y}" width="${width}" height="${height}" rx="8"/><text class="name" font-size="${Math.min(17, Math.floor((1.6 * width) / cluster.name.length))}" x="${x + width / 2}" y="${y + 36}">${cluster.name}</text>
<text class="role" x="${x + width / 2}" y="${y + 55}">${cluster.role}${cluster.role === 'primary' && (width > 200 ? ' · control plane (istiod)' : ' · istiod')}</text>
${gate && markup`<g class="gate"><rect x="${gate.x - 40}" y="${gate.y - 12}" width="80" height="24" rx="12"/><text x="${gate.x}" y="${gate.y + 5}">gateway</text></g>`}</g>`
}

const fitting = (name: string, wide: number): string =>
  name.length > wide / 8 ? `${name.slice(0, Math.floor(wide / 8) - 1)}…` : name
