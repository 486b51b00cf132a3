import { markup, type Markup } from '#report/markup.ts'
import { isUnfinished, variantName, type Results, type TopologyResult, type Verdict } from '#results/results.ts'
import { judgeCounts } from '#report/judge-text.ts'
import { outcomeOf } from '#report/upgrade-words.ts'
import { anchorOf, countsOf, duration, moment, runVerdict, verdictWords, worstFirst } from '#report/words.ts'
import { badge } from './badge.ts'
import { causeCards } from './cause-card.ts'
import { knownIssueCard } from './known-issue-card.ts'
import { warningCard } from './warning-card.ts'

const headlines: Record<Verdict, string> = {
  pass: 'Passed',
  flaky: 'Passed on retry',
  fail: 'Failed',
  'not-run': 'Not proven',
  skipped: 'Nothing to prove',
}

/**
 * The head of the page: the verdict, what is broken and what to do about it, what will hurt later, and a link to every
 * topology.
 */
export const verdictHead = (results: Results): Markup => {
  const { topologies } = results
  const verdict = runVerdict(results)
  const failed = worstFirst(topologies).filter((topology) => topology.verdict === 'fail')
  return markup`
    <header class="head ${verdict}">
      <h1><span class="mark" aria-hidden="true">${verdictWords[verdict].mark}</span> ${headlines[verdict]}</h1>
      <p class="sentence">${sentence(results, failed)}</p>
      ${endedEarly(results)}
      ${causeCards(failed, topologies.length > 1)}
      ${knownIssueCard(topologies)}
      ${warningCard(topologies)}
      ${runLine(results)}
    </header>
    ${topologies.length > 1 && index(topologies)}
  `
}

/** Why a run ended early, if it did, or that it has not ended. */
export const endedEarly = ({ run }: Results): Markup | undefined => {
  const { error } = run
  if (!error) return undefined
  const title = isUnfinished({ run }) ? 'The run has not ended' : 'The run ended early'
  return markup`
    <div class="cause">
      <p><b>${title}</b> <code>${error.code}</code></p>
      <p>${error.message}</p>
      <p class="next"><b>Next step</b> ${error.next}</p>
    </div>
  `
}

/** Which run it was: its id, its versions, and when it ran. */
export const runLine = ({ run, environment }: Results): Markup => {
  const seconds = (Date.parse(run.finishedAt) - Date.parse(run.startedAt)) / 1000
  const facts = [
    `meshproof run ${run.id}`,
    `Istio ${environment.istio}`,
    `Kubernetes ${environment.kubernetes}`,
    moment(run.startedAt),
    duration(seconds),
  ]
  return markup`<p class="run">${facts.join(' · ')}</p>`
}

/** The reason that a topology gives for its verdict, if any, and the link to its support bundle, if it has one. */
export const reasonAndBundle = ({ reason, bundle }: TopologyResult): Markup => {
  const link = bundle !== undefined && markup`<a href="./${encodeURI(bundle)}">${bundle}</a>`
  return markup`
    ${reason !== '' && markup`<p class="said">${reason}</p>`}
    ${link && markup`<p class="bundle">The state of the clusters when it failed: ${link}</p>`}
  `
}

const sentence = ({ run, topologies }: Results, failed: TopologyResult[]): string => {
  const judged = topologies.flatMap(({ judges = [] }) => judges)
  const counts = judged.length > 0 ? judgeCounts(judged) : countsOf(topologies.flatMap(({ checks }) => checks))
  const [first] = topologies
  const whole = topologies.length === 1 && first ? variantName(first) : `${topologies.length} topologies`
  if (failed.length > 0 && topologies.length > 1)
    return `${failed.length} of ${topologies.length} topologies failed: ${failed.map(variantName).join(', ')}.`
  if (failed.length === 0 && run.interrupted) return `The run was interrupted: ${counts}.`
  return `${whole}: ${counts}.`
}

/** A link to every topology, the worst first. */
export const index = (topologies: TopologyResult[]): Markup => markup`
  <nav class="index" aria-label="Topologies"><ul>${worstFirst(topologies).map(indexItem)}</ul></nav>
`

const indexItem = (topology: TopologyResult): Markup => {
  const verdict = badge(topology.upgrade?.verdict ?? topology.verdict)
  const outcome = markup`<b>${variantName(topology)}</b> <small>${outcomeOf(topology)}</small>`
  return markup`<li><a href="#${anchorOf(topology)}">${verdict} ${outcome}</a></li>`
}
