import { markup, type Markup } from '#report/markup.ts'
import { layers, variantName } from '#results/results.ts'
import { routeOf, verdictWords } from '#report/words.ts'
import { idOf } from './check-id.ts'
import type { Upgraded } from './upgrade-head.ts'

/**
 * Every check in a row, every phase it is asked after in a column: when it stopped to hold, and whether it held again.
 */
export const byPhase = (topology: Upgraded): Markup => {
  const { phases } = topology.upgrade
  const all = phases.flatMap((phase) =>
    phase.checks.map((check) => ({ phase, check, key: `${check.id} ${routeOf(check)}` })),
  )
  const asked = phases.filter(({ checks }) => checks.length > 0)
  if (asked.length === 0) return markup`<p class="note">No check was asked.</p>`
  return markup`<div class="scroll" tabindex="0" role="group" aria-label="Checks of ${variantName(topology)} after every phase"><table class="matrix by-phase"><thead><tr><th scope="col">check</th>${asked.map(({ id }) => markup`<th scope="col">${id}</th>`)}</tr></thead>
${layers.map((layer) => {
  const rows = Map.groupBy(
    all.filter(({ check }) => check.layer === layer),
    ({ key }) => key,
  )
  return (
    rows.size > 0 &&
    markup`<tbody><tr><th colspan="${asked.length + 1}" scope="rowgroup">${layer}</th></tr>${[...rows.values()].map(
      (row) =>
        row[0] &&
        markup`<tr><th scope="row">${row[0].check.id} <small>${routeOf(row[0].check)}</small></th>${asked.map(
          (phase) => {
            const check = row.find((one) => one.phase === phase)?.check
            if (!check) return markup`<td class="none">not asked</td>`
            const { mark, word } = verdictWords[check.verdict]
            const said = markup`<span aria-hidden="true">${mark}</span><span class="unseen">${word}</span>`
            return markup`<td class="${check.verdict}">${check.attempts.length > 0 ? markup`<a href="#${idOf({ ...topology, phase: phase.id }, check)}">${said}</a>` : said}</td>`
          },
        )}</tr>
`,
    )}</tbody>`
  )
})}</table></div>`
}
