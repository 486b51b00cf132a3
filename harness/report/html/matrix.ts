import { joined, markup, type Markup } from '#report/markup.ts'
import { layers, variantName, type CheckResult, type TopologyResult } from '#results/results.ts'
import { verdictWords } from '#report/words.ts'
import { idOf } from './check-id.ts'

/** Every check in a row, every cluster it is asked from in a column; what is about the whole mesh spans them all. */
export const matrix = (topology: TopologyResult): Markup => {
  const clusters = topology.clusters.map(({ name }) => name)
  const width = clusters.length + 1
  return markup`<div class="scroll" tabindex="0" role="group" aria-label="Check matrix of ${variantName(topology)}"><table class="matrix">
<thead><tr><th scope="col">check</th>${clusters.map((name) => markup`<th scope="col">from ${name}</th>`)}</tr></thead>
${layers.flatMap((layer) => {
  const checks = Map.groupBy(
    topology.checks.filter((check) => check.layer === layer),
    ({ id }) => id,
  )
  return checks.size === 0
    ? []
    : [
        markup`<tbody><tr><th colspan="${width}" scope="rowgroup">${layer}</th></tr>${[...checks].map(
          ([id, results]) =>
            markup`<tr><th scope="row">${id}</th>${cells(topology, results, clusters)}</tr>
`,
        )}</tbody>`,
      ]
})}</table></div>`
}

const cells = (topology: TopologyResult, results: CheckResult[], clusters: string[]): Markup[] => {
  const [whole] = results.filter(({ from }) => from.length > 1)
  if (whole)
    return [
      markup`<td colspan="${clusters.length}" class="${whole.verdict}">${cell(topology, whole, 'whole mesh')}</td>`,
    ]
  return clusters.map((name) => {
    const own = results.filter(({ from }) => from[0] === name)
    return own.length === 0
      ? markup`<td class="none">not asked</td>`
      : markup`<td class="${own[0]?.verdict}">${joined(
          own.map((one) => cell(topology, one, `→ ${one.to.join(', ')}`)),
          ' ',
        )}</td>`
  })
}

const cell = (topology: TopologyResult, result: CheckResult, where: string): Markup => {
  const { mark, word } = verdictWords[result.verdict]
  if (result.attempts.length === 0)
    return markup`<span aria-hidden="true">${mark}</span> ${word}: <small>${result.reason}</small>`
  return markup`<a href="#${idOf(topology, result)}"><span aria-hidden="true">${mark}</span> ${word}</a> <small>${where}</small>`
}
