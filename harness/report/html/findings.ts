import { markup, type Markup } from '#report/markup.ts'
import type { Upgrade, UpgradeFinding } from '#results/results.ts'
import { phaseWords } from '#report/upgrade-words.ts'
import { badge } from './badge.ts'

/**
 * The findings of an upgrade, a card for each, in their order: worst first. `anchor` is that of the topology. A
 * finding links to its phase, or to the topology where the upgrade has no such phase.
 */
export const findings = (found: readonly UpgradeFinding[], { phases }: Upgrade, anchor: string): Markup =>
  markup`${found.map((finding) => {
    const phase = phases.find(({ id }) => id === finding.phase)
    const place = phase
      ? markup`<a href="#${anchor}-${phase.id}">${phaseWords(phase)}</a>`
      : markup`<a href="#${anchor}">${finding.phase}</a>`
    const foundBy = finding.probe ?? finding.check
    return markup`
      <div class="cause ${finding.verdict}">
        <p>${badge(finding.verdict)} in ${place}</p>
        <p class="why">${finding.cause}</p>
        <p>${finding.seen}</p>
        <p class="next"><b>Next step</b> ${finding.hint}</p>
        <p class="where"><code>${finding.code}</code>${foundBy !== undefined && ` found by ${foundBy}`}</p>
      </div>
    `
  })}`
