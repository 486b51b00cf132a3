import { markup, type Markup } from '#report/markup.ts'
import type { UpgradeVerdict, Verdict } from '#results/results.ts'
import { upgradeVerdictWords } from '#report/upgrade-words.ts'
import { verdictWords } from '#report/words.ts'

/** A verdict as a mark and a word, so that colour is never what tells. */
export const badge = (verdict: Verdict | UpgradeVerdict): Markup => {
  const { mark, word } = { ...verdictWords, ...upgradeVerdictWords }[verdict]
  return markup`<span class="badge ${verdict}"><span aria-hidden="true">${mark}</span> ${word}</span>`
}
