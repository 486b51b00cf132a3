import { firstBroken } from '#results/explain.ts'
import { markup, type Markup } from '#report/markup.ts'
import { variantName, type TopologyResult } from '#results/results.ts'
import { headline, whyNot, type ShownRun } from '#report/shown-run.ts'
import { outcomeOf } from '#report/upgrade-words.ts'
import { anchorOf, verdictWords } from '#report/words.ts'
import { badge } from './badge.ts'
import { document } from './document.ts'
import { gridOf, type Column, type Grid } from './runs-grid.ts'

/**
 * matrix.html: a row for every variant of a topology, a column for the runs of the same versions. Cells that ask
 * different checks have a row each.
 */
export const runsPage = (runs: readonly ShownRun[]): string => {
  const { verdict, title } = headline(runs)
  const grid = gridOf(runs)
  const { by, rows, columns } = grid
  const kinds = new Set(columns.map(({ versions }) => versions.kind)).size > 1
  const what = by === 'cell' ? 'Cells' : 'Topologies'
  return document(
    title,
    { href: '#main', text: 'Skip to the table' },
    markup`<header class="head ${verdict}"><h1><span class="mark" aria-hidden="true">${verdictWords[verdict].mark}</span> ${title}</h1>
<p class="sentence">${what} by version: ${[...new Set(columns.map(({ versions }) => `Istio ${versions.istio} on Kubernetes ${versions.kubernetes}`))].join(', ')}.</p></header>
<main id="main"><div class="scroll" tabindex="0" role="group" aria-label="${what} by run"><table class="runs"><thead><tr><th scope="col">${by}</th>${columns.map((column) => head(column, kinds))}</tr></thead><tbody>
${rows.map(
  (row) => markup`<tr><th scope="row">${row}</th>${columns.map((column) => cell(grid, column, row))}</tr>
`,
)}</tbody></table></div></main>`,
  )
}

const head = ({ versions, runs }: Column, kinds: boolean): Markup => {
  const [only, ...others] = runs
  return markup`<th scope="col"><b>Istio ${versions.istio}</b><br>Kubernetes ${versions.kubernetes}${kinds && markup`<br>${versions.kind}`}${
    others.length === 0 &&
    only?.results &&
    markup`<small><a href="${only.link}">${only.results.run.startedAt.slice(0, 16).replace('T', ' ')}</a></small>`
  }</th>`
}

const cell = ({ inRow }: Grid, { at }: Column, row: string): Markup => {
  const run = at.get(row)
  if (!run) return markup`<td><span aria-hidden="true">·</span><span class="unseen">not part of the run</span></td>`
  const topologies = inRow(run, row)
  const [only, ...others] = topologies
  if (!run.results || !only)
    return markup`<td class="not-run">${badge('not-run')}<small>${run.cell && run.cell.name !== row && `${run.cell.name}: `}${whyNot(run)}</small></td>`
  if (others.length === 0) return markup`<td class="${only.verdict}">${outcome(run.link, only)}</td>`
  return markup`<td>${topologies.map((topology) => markup`<p class="${topology.verdict}"><b>${variantName(topology)}</b><br>${outcome(run.link, topology)}</p>`)}</td>`
}

const outcome = (link: string, topology: TopologyResult): Markup =>
  markup`<a href="${link}#${anchorOf(topology)}">${badge(topology.upgrade?.verdict ?? topology.verdict)}</a><small>${outcomeOf(topology)}${whatBroke(topology)}</small>`

const whatBroke = ({ checks, upgrade }: TopologyResult): string => {
  const [found] = upgrade?.findings ?? []
  if (found) return `: ${found.phase} (${found.code})`
  const broken = firstBroken(checks)
  return broken === undefined ? '' : `: ${broken.layer} (${broken.code})`
}
