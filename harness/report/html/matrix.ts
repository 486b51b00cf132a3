import { joined, markup, type Markup } from '#report/markup.ts'
import { layers, variantName, type CheckLayer, type CheckResult, type TopologyResult } from '#results/results.ts'
import { verdictWords } from '#report/words.ts'
import { idOf } from './check-id.ts'
import { onlyShown } from './screen-reader.ts'
import { columnTitles, groupTitle, scrollable } from './table.ts'

/** A row for every check, a column for every cluster that asks it. A check of the whole mesh spans the columns. */
export const matrix = (topology: TopologyResult): Markup => {
  const clusters = topology.clusters.map(({ name }) => name)
  return scrollable(
    `Check matrix of ${variantName(topology)}`,
    markup`
      <table class="matrix">
        ${columnTitles(['check', ...clusters.map((name) => `from ${name}`)])}
        ${layers.map((layer) => layerRows(topology, layer, clusters))}
      </table>
    `,
  )
}

const layerRows = (topology: TopologyResult, layer: CheckLayer, clusters: readonly string[]): Markup | false => {
  const ofLayer = topology.checks.filter((check) => check.layer === layer)
  const rows = [...Map.groupBy(ofLayer, ({ id }) => id)].map(
    ([id, results]) => markup`<tr><th scope="row">${id}</th>${cells(topology, results, clusters)}</tr>`,
  )
  return rows.length > 0 && markup`<tbody>${groupTitle(layer, clusters.length + 1)}${joined(rows, '\n')}</tbody>`
}

const cells = (
  topology: TopologyResult,
  results: readonly CheckResult[],
  clusters: readonly string[],
): Markup | Markup[] => {
  const whole = results.find(({ from }) => from.length > 1)
  if (whole) {
    const verdict = verdictCell(topology, whole, 'whole mesh')
    return markup`<td colspan="${clusters.length}" class="${whole.verdict}">${verdict}</td>`
  }
  return clusters.map((cluster) => {
    const asked = results.filter(({ from }) => from[0] === cluster)
    if (asked.length === 0) return markup`<td class="none">not asked</td>`
    const verdicts = asked.map((result) => verdictCell(topology, result, `→ ${result.to.join(', ')}`))
    return markup`<td class="${asked[0]?.verdict}">${joined(verdicts, ' ')}</td>`
  })
}

const verdictCell = (topology: TopologyResult, result: CheckResult, where: string): Markup => {
  const { mark, word } = verdictWords[result.verdict]
  const verdict = markup`${onlyShown(mark)} ${word}`
  return result.attempts.length === 0
    ? markup`${verdict}: <small>${result.reason}</small>`
    : markup`<a href="#${idOf(topology, result)}">${verdict}</a> <small>${where}</small>`
}
