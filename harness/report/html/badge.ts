import { markup, type Markup } from '../markup.ts'
import type { Verdict } from '../results.ts'
import { verdictWords } from '../words.ts'

/** A verdict as a mark and a word, so that colour is never what tells. */
export const badge = (verdict: Verdict): Markup => markup`<span class="badge ${verdict}"><span aria-hidden="true">${verdictWords[verdict].mark}</span> ${verdictWords[verdict].word}</span>`
