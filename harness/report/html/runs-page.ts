import { firstBroken } from '#results/explain.ts'
import { explanationOf } from '#results/explanation.ts'
import { markup, type Markup } from '#report/markup.ts'
import { variantName, type TopologyResult } from '#results/results.ts'
import { headline, whyNot, type ShownRun } from '#report/shown-run.ts'
import { outcomeOf } from '#report/upgrade-words.ts'
import { anchorOf, verdictWords } from '#report/words.ts'
import { badge } from './badge.ts'
import { document } from './document.ts'
import { gridOf, type Grid, type VersionColumn } from './runs-grid.ts'
import { onlyRead, onlyShown } from './screen-reader.ts'
import { columnTitles, scrollable } from './table.ts'

/**
 * matrix.html: a row for every variant of a topology, a column for the runs of the same versions. Cells that ask
 * different checks have a row each.
 */
export const runsPage = (runs: readonly ShownRun[]): string => {
  const { verdict, title } = headline(runs)
  const grid = gridOf(runs)
  const subject = grid.rowKind === 'cell' ? 'Cells' : 'Topologies'
  const versions = grid.columns.map(
    ({ versions: { istio, kubernetes } }) => `Istio ${istio} on Kubernetes ${kubernetes}`,
  )
  const body = markup`
    <header class="head ${verdict}">
      <h1><span class="mark" aria-hidden="true">${verdictWords[verdict].mark}</span> ${title}</h1>
      <p class="sentence">${subject} by version: ${[...new Set(versions)].join(', ')}.</p>
    </header>
    <main id="main">${scrollable(`${subject} by run`, table(grid))}</main>
  `
  return document(title, { href: '#main', text: 'Skip to the table' }, body)
}

const table = (grid: Grid): Markup => {
  const { rowKind, rows, columns } = grid
  const severalKinds = new Set(columns.map(({ versions }) => versions.kind)).size > 1
  return markup`
    <table class="runs">
      ${columnTitles([rowKind, ...columns.map((column) => columnTitle(column, severalKinds))])}
      <tbody>
        ${rows.map(
          (row) => markup`
          <tr><th scope="row">${row}</th>${columns.map((column) => cell(grid, column, row))}</tr>
        `,
        )}
      </tbody>
    </table>
  `
}

const columnTitle = ({ versions, runs }: VersionColumn, severalKinds: boolean): Markup => {
  const [only, ...others] = runs
  const link = others.length === 0 && only?.results && runLink(only.link, only.results.run.startedAt)
  return markup`
    <b>Istio ${versions.istio}</b><br>
    Kubernetes ${versions.kubernetes}${severalKinds && markup`<br>${versions.kind}`}
    ${link}
  `
}

const runLink = (link: string, startedAt: string): Markup =>
  markup`<small><a href="${link}">${startedAt.slice(0, 16).replace('T', ' ')}</a></small>`

const cell = ({ inRow }: Grid, { byRow }: VersionColumn, row: string): Markup => {
  const run = byRow.get(row)
  if (!run) return markup`<td>${onlyShown('·')}${onlyRead('not part of the run')}</td>`
  const topologies = inRow(run, row)
  const [only, ...others] = topologies
  if (!run.results || !only) {
    const name = run.cell && run.cell.name !== row && `${run.cell.name}: `
    return markup`<td class="not-run">${badge('not-run')}<small>${name}${whyNot(run)}</small></td>`
  }
  if (others.length === 0) return markup`<td class="${only.verdict}">${outcome(run.link, only)}</td>`
  return markup`<td>${topologies.map((topology) => namedOutcome(run.link, topology))}</td>`
}

const namedOutcome = (link: string, topology: TopologyResult): Markup =>
  markup`<p class="${topology.verdict}"><b>${variantName(topology)}</b><br>${outcome(link, topology)}</p>`

const outcome = (link: string, topology: TopologyResult): Markup => {
  const verdict = badge(topology.upgrade?.verdict ?? topology.verdict)
  return markup`
    <a href="${link}#${anchorOf(topology)}">${verdict}</a>
    <small>${outcomeOf(topology)}${causeOf(topology)}</small>
  `
}

const causeOf = (topology: TopologyResult): string => {
  const { checks, upgrade } = topology
  const [finding] = upgrade?.findings ?? []
  if (finding) return `: ${finding.phase} (${finding.code})`
  const explanation = explanationOf(topology)
  if (explanation) return `: ${explanation.layerName} (${explanation.code})`
  const broken = firstBroken(checks)
  return broken === undefined ? '' : `: ${broken.layer} (${broken.code})`
}
