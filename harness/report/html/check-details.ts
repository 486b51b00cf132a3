import { isConsequence } from '#results/explain.ts'
import { explanationOf, type Explanation } from '#results/explanation.ts'
import { markup, type Markup } from '#report/markup.ts'
import { knownIssueWords } from '#results/known-issues.ts'
import {
  layers,
  type Attempt,
  type CheckLayer,
  type CheckResult,
  type KnownIssue,
  type TopologyResult,
} from '#results/results.ts'
import { anchorOf, duration, routeOf, verdictWords, type Anchored } from '#report/words.ts'
import { idOf, routeWords } from './check-id.ts'
import { evidence } from './evidence.ts'
import { badge } from './badge.ts'
import { scrollable } from './table.ts'

/**
 * How much of the evidence a page shows: all of it, that of checks that did not simply pass, or none. results.json has
 * the rest.
 */
export type Extent = 'all' | 'of problems' | 'none'

/** The checks that failed by themselves, open; then those that failed because of them, closed. */
export const failedChecks = (topology: TopologyResult, extent: Extent): Markup | undefined => {
  const failed = topology.checks.filter(({ verdict }) => verdict === 'fail')
  if (failed.length === 0) return undefined
  const explanation = explanationOf(topology)
  const [roots, followers] = [failed.filter((check) => !isConsequence(check)), failed.filter(isConsequence)]
  return markup`
    <h3>What failed</h3>
    ${roots.map((check) => checkDetails(topology, check, extent, true, explanation))}
    ${followers.length > 0 && markup`<h4>What failed because of it</h4>`}
    ${followers.map((check) => checkDetails(topology, check, extent, false, explanation))}
  `
}

/** The other checks that were asked, by layer, closed. */
export const otherChecks = (topology: TopologyResult, extent: Extent): Markup => markup`
  <h3>Checks and their evidence</h3>
  ${layers.map((layer) => checksOfLayer(topology, layer, extent))}
`

const checksOfLayer = (topology: TopologyResult, layer: CheckLayer, extent: Extent): Markup => {
  const checks = topology.checks.filter((check) => check.layer === layer)
  const shown = checks.filter(({ verdict, attempts }) => verdict !== 'fail' && attempts.length > 0)
  const failed = checks.filter(({ verdict }) => verdict === 'fail').length
  return markup`
    <h4 id="${anchorOf(topology)}--${layer}">${layer}</h4>
    ${failed > 0 && markup`<p class="note">${failed} failed: see “What failed”.</p>`}
    ${shown.length === 0 && failed === 0 && markup`<p class="note">No check of this layer was asked.</p>`}
    ${shown.map((check) => checkDetails(topology, check, extent, false))}
  `
}

/** A check with its attempts and their evidence, and with what explains its failure, if something does. */
export const checkDetails = (
  topology: Anchored,
  check: CheckResult,
  extent: Extent,
  open: boolean,
  explanation?: Explanation,
): Markup => {
  const { verdict, title, source, attempts } = check
  const showsEvidence = extent === 'all' || (extent === 'of problems' && verdict !== 'pass')
  // The anchor is inside the details, so that a link to it opens them.
  return markup`
    <details class="check ${verdict}"${open && markup` open`}>${summary(check)}
    <div class="inside" id="${idOf(topology, check)}">
      <p>It proves that ${title}. <small>${source}</small></p>
      ${diagnosis(check, check.knownIssue ? undefined : explanation)}
      ${attempts.map((_, index) => attemptDetails(check, index, showsEvidence))}
    </div></details>
  `
}

const summary = (check: CheckResult): Markup => {
  const seconds = check.attempts.reduce((sum, attempt) => sum + attempt.seconds, 0)
  const known = check.knownIssue && markup`<b>${knownIssueWords(check.knownIssue)}</b> `
  return markup`
    <summary><span>${badge(check.verdict)} <b>${check.id}</b>
      <span class="route">${routeWords(check)}</span>
      <span class="reason">${known}${check.reason}</span>
      <span class="time">${duration(seconds)}</span></span></summary>
  `
}

const diagnosis = (
  { diagnosis: found, knownIssue }: CheckResult,
  explanation: Explanation | undefined,
): Markup | undefined =>
  found &&
  markup`
    <dl class="diagnosis">
      ${knownIssue && knownIssueTerm(knownIssue)}
      <dt>Layer</dt><dd>${found.layer}</dd>
      <dt>Cause</dt><dd><code>${found.code}</code> ${found.cause}</dd>
      <dt>Next step</dt><dd>${found.hint}</dd>
      ${explanation && explainedTerm(explanation)}
    </dl>
  `

const knownIssueTerm = ({ issue, url, title, releases }: KnownIssue): Markup => markup`
  <dt>Known issue</dt><dd><a href="${url}">${issue}</a> (Istio ${releases.join(', ')}): ${title}</dd>
`

const explainedTerm = ({ code, cause, where }: Explanation): Markup =>
  markup`<dt>Explained by</dt><dd><code>${code}</code> ${cause} (${where})</dd>`

const attemptDetails = (check: CheckResult, index: number, showsEvidence: boolean): Markup | undefined => {
  const attempt = check.attempts[index]
  if (!attempt) return undefined
  const { verdict, startedAt, seconds, reason } = attempt
  const title = `Attempt ${index + 1} of ${check.attempts.length}`
  const label = `Evidence of ${check.id}, ${routeOf(check)}, ${title.toLowerCase()}`
  return markup`
    <div class="attempt">
      <p class="title"><b>${title}: ${verdictWords[verdict].word}</b>
        <small>${startedAt.slice(11, 19)}, ${duration(seconds)}</small></p>
      ${reason !== check.reason && markup`<p class="said">${reason}</p>`}
      ${showsEvidence ? evidenceOf(attempt, label) : markup`<p class="note">The evidence is in results.json.</p>`}
    </div>
  `
}

const evidenceOf = ({ evidence: pieces }: Attempt, label: string): Markup =>
  pieces.length === 0
    ? markup`<p class="note">No evidence was taken.</p>`
    : scrollable(label, evidence(pieces), 'evidence')
