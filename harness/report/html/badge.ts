import { markup, type Markup } from '#report/markup.ts'
import type { UpgradeVerdict, Verdict } from '#results/results.ts'
import { upgradeVerdictWords } from '#report/upgrade-words.ts'
import { verdictWords } from '#report/words.ts'
import { onlyShown } from './screen-reader.ts'

/** A verdict as a mark and a word: colour alone never says it. */
export const badge = (verdict: Verdict | UpgradeVerdict): Markup => {
  const { mark, word } = { ...verdictWords, ...upgradeVerdictWords }[verdict]
  return markup`<span class="badge ${verdict}">${onlyShown(mark)} ${word}</span>`
}
