import { isConsequence } from '#results/explain.ts'
import { markup, type Markup } from '#report/markup.ts'
import { layers, type Attempt, type CheckResult, type TopologyResult } from '#results/results.ts'
import { anchorOf, duration, routeOf, verdictWords, type Anchored } from '#report/words.ts'
import { idOf, routeWords } from './check-id.ts'
import { evidence } from './evidence.ts'
import { badge } from './badge.ts'

/**
 * How much of the evidence is shown: all of it, that of what did not simply pass, or none; results.json has the rest.
 */
export type Extent = 'all' | 'of problems' | 'none'

/** What failed by itself, open; then what failed because of it, closed. */
export const failedChecks = (topology: TopologyResult, extent: Extent): Markup | undefined => {
  const failed = topology.checks.filter(({ verdict }) => verdict === 'fail')
  if (failed.length === 0) return undefined
  const [roots, followers] = [failed.filter((check) => !isConsequence(check)), failed.filter(isConsequence)]
  return markup`<h3>What failed</h3>${roots.map((check) => checkDetails(topology, check, extent, true))}
${followers.length > 0 && markup`<h4>What failed because of it</h4>${followers.map((check) => checkDetails(topology, check, extent, false))}`}`
}

/** Every other check that was asked, by layer, closed. */
export const otherChecks = (
  topology: TopologyResult,
  extent: Extent,
): Markup => markup`<h3>Checks and their evidence</h3>
${layers.map((layer) => {
  const checks = topology.checks.filter((check) => check.layer === layer)
  const shown = checks.filter(({ verdict, attempts }) => verdict !== 'fail' && attempts.length > 0)
  const failed = checks.filter(({ verdict }) => verdict === 'fail').length
  return markup`<h4 id="${anchorOf(topology)}--${layer}">${layer}</h4>${failed > 0 && markup`<p class="note">${failed} failed: see “What failed”.</p>`}
${shown.length === 0 && failed === 0 && markup`<p class="note">None was asked.</p>`}${shown.map((check) => checkDetails(topology, check, extent, false))}`
})}`

/** One check with its attempts and their evidence. */
export const checkDetails = (topology: Anchored, check: CheckResult, extent: Extent, open: boolean): Markup => {
  const { id, verdict, title, source, diagnosis, reason, attempts } = check
  const seconds = attempts.reduce((sum, attempt) => sum + attempt.seconds, 0)
  // The anchor is inside, so that a link to it opens what it is in.
  return markup`<details class="check ${verdict}"${open && markup` open`}><summary><span>${badge(verdict)} <b>${id}</b> <span class="route">${routeWords(check)}</span> <span class="reason">${reason}</span> <span class="time">${duration(seconds)}</span></span></summary>
<div class="inside" id="${idOf(topology, check)}"><p>It proves that ${title}. <small>${source}</small></p>
${diagnosis && markup`<dl class="diagnosis"><dt>Layer</dt><dd>${diagnosis.layer}</dd><dt>Cause</dt><dd><code>${diagnosis.code}</code> ${diagnosis.cause}</dd><dt>Next step</dt><dd>${diagnosis.hint}</dd></dl>`}
${attempts.map((one, index) => attempt(one, one.reason !== reason, `Attempt ${index + 1} of ${attempts.length}`, `${id}, ${routeOf(check)}`, extent === 'all' || (extent === 'of problems' && verdict !== 'pass')))}</div></details>
`
}

const attempt = (
  { verdict, startedAt, seconds, reason, evidence: pieces }: Attempt,
  said: boolean,
  title: string,
  of: string,
  shown: boolean,
): Markup => markup`<div class="attempt"><p class="title"><b>${title}: ${verdictWords[verdict].word}</b> <small>${startedAt.slice(11, 19)}, ${duration(seconds)}</small></p>
${said && markup`<p class="said">${reason}</p>`}${
  !shown
    ? markup`<p class="note">The evidence is in results.json.</p>`
    : pieces.length === 0
      ? markup`<p class="note">No evidence was taken.</p>`
      : markup`<div class="scroll evidence" tabindex="0" role="group" aria-label="Evidence of ${of}, ${title.toLowerCase()}">${evidence(pieces)}</div>`
}</div>`
