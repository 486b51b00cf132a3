import { markup, type Markup } from '#report/markup.ts'
import { layers, variantName, type CheckLayer, type CheckResult, type UpgradePhaseResult } from '#results/results.ts'
import { routeOf, verdictWords } from '#report/words.ts'
import { idOf } from './check-id.ts'
import { onlyRead, onlyShown } from './screen-reader.ts'
import { columnTitles, groupTitle, scrollable } from './table.ts'
import type { UpgradedTopology } from './upgrade-head.ts'

/** A check in a phase; `key` is the same for the same question in every phase. */
type Asked = { phase: UpgradePhaseResult; check: CheckResult; key: string }

/**
 * The checks by phase: a row for every check, a column for every phase that has checks. It shows when a check began to
 * fail, and whether it passed again.
 */
export const byPhase = (topology: UpgradedTopology): Markup => {
  const phases = topology.upgrade.phases.filter(({ checks }) => checks.length > 0)
  if (phases.length === 0) return markup`<p class="note">No check was asked.</p>`
  const asked = phases.flatMap((phase) =>
    phase.checks.map((check): Asked => ({ phase, check, key: `${check.id} ${routeOf(check)}` })),
  )
  return scrollable(
    `Checks of ${variantName(topology)} after every phase`,
    markup`
      <table class="matrix by-phase">
        ${columnTitles(['check', ...phases.map(({ id }) => id)])}
        ${layers.map((layer) => layerRows(topology, layer, phases, asked))}
      </table>
    `,
  )
}

const layerRows = (
  topology: UpgradedTopology,
  layer: CheckLayer,
  phases: readonly UpgradePhaseResult[],
  asked: readonly Asked[],
): Markup | false => {
  const ofLayer = asked.filter(({ check }) => check.layer === layer)
  const rows = [...Map.groupBy(ofLayer, ({ key }) => key).values()]
  return (
    rows.length > 0 &&
    markup`
      <tbody>
        ${groupTitle(layer, phases.length + 1)}
        ${rows.map((sameCheck) => checkRow(topology, phases, sameCheck))}
      </tbody>
    `
  )
}

const checkRow = (
  topology: UpgradedTopology,
  phases: readonly UpgradePhaseResult[],
  sameCheck: readonly Asked[],
): Markup | undefined => {
  const [first] = sameCheck
  return (
    first &&
    markup`
      <tr>
        <th scope="row">${first.check.id} <small>${routeOf(first.check)}</small></th>
        ${phases.map((phase) => cell(topology, phase, sameCheck.find((asked) => asked.phase === phase)?.check))}
      </tr>
    `
  )
}

const cell = (topology: UpgradedTopology, phase: UpgradePhaseResult, check: CheckResult | undefined): Markup => {
  if (!check) return markup`<td class="none">not asked</td>`
  const { mark, word } = verdictWords[check.verdict]
  const verdict = markup`${onlyShown(mark)}${onlyRead(word)}`
  const anchor = idOf({ ...topology, phase: phase.id }, check)
  return markup`
    <td class="${check.verdict}">
      ${check.attempts.length > 0 ? markup`<a href="#${anchor}">${verdict}</a>` : verdict}
    </td>
  `
}
