import { markup, type Markup } from '../markup.ts'
import type { UpgradeVerdict, Verdict } from '../results.ts'
import { upgradeVerdictWords } from '../upgrade-words.ts'
import { verdictWords } from '../words.ts'

/** A verdict as a mark and a word, so that colour is never what tells. */
export const badge = (verdict: Verdict | UpgradeVerdict): Markup => {
  const { mark, word } = { ...verdictWords, ...upgradeVerdictWords }[verdict]
  return markup`<span class="badge ${verdict}"><span aria-hidden="true">${mark}</span> ${word}</span>`
}
