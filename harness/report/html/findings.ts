import { markup, type Markup } from '#report/markup.ts'
import type { Upgrade, UpgradeFinding } from '#results/results.ts'
import { phaseWords } from '#report/upgrade-words.ts'
import { badge } from './badge.ts'

/**
 * What the verdict of an upgrade rests on, a card each, in the order it was judged: worst first. `anchor` is the
 * topology’s.
 */
export const findings = (all: readonly UpgradeFinding[], { phases }: Upgrade, anchor: string): Markup =>
  markup`${all.map(({ verdict, phase, code, cause, hint, seen, probe, check }) => {
    const found = phases.find(({ id }) => id === phase)
    return markup`<div class="cause ${verdict}"><p>${badge(verdict)} in <a href="#${found ? `${anchor}-${phase}` : anchor}">${found ? phaseWords(found) : phase}</a></p>
<p class="why">${cause}</p><p>${seen}</p><p class="next"><b>Next step</b> ${hint}</p><p class="where"><code>${code}</code>${(probe ?? check) !== undefined && ` found by ${probe ?? check}`}</p></div>`
  })}`
