import { firstBroken } from '#results/explain.ts'
import { joined, markup, type Markup } from '#report/markup.ts'
import { variantName, type Results, type TopologyResult, type Verdict } from '#results/results.ts'
import { outcomeOf } from '#report/upgrade-words.ts'
import { anchorOf, countsOf, duration, moment, runVerdict, verdictWords, worstFirst } from '#report/words.ts'
import { badge } from './badge.ts'
import { idOf, routeWords } from './check-id.ts'

const headlines: Record<Verdict, string> = {
  pass: 'Passed',
  flaky: 'Passed on retry',
  fail: 'Failed',
  'not-run': 'Not proven',
  skipped: 'Nothing to prove',
}

/** What comes first: the verdict in a word, what is broken and what to do about it, and the way to every topology. */
export const verdictHead = (results: Results): Markup => {
  const { topologies } = results
  const verdict = runVerdict(results)
  const broken = worstFirst(topologies).filter((topology) => topology.verdict === 'fail')
  return markup`<header class="head ${verdict}">
<h1><span class="mark" aria-hidden="true">${verdictWords[verdict].mark}</span> ${headlines[verdict]}</h1>
<p class="sentence">${sentence(results, broken)}</p>
${endedEarly(results)}
${causesOf(broken).map((same) => causeCard(same, topologies.length > 1))}
${runLine(results)}
</header>${topologies.length > 1 && index(topologies)}`
}

/** Why a run ended early, where it did. */
export const endedEarly = ({ run: { error } }: Results): Markup | false =>
  error !== undefined &&
  markup`<div class="cause"><p><b>The run ended early</b> <code>${error.code}</code></p><p>${error.message}</p><p class="next"><b>Next step</b> ${error.next}</p></div>`

/** Which run it was: its id, versions, and when. */
export const runLine = ({ run, environment }: Results): Markup =>
  markup`<p class="run">meshproof run ${run.id} · Istio ${environment.istio} · Kubernetes ${environment.kubernetes} · ${moment(run.startedAt)} · ${duration((Date.parse(run.finishedAt) - Date.parse(run.startedAt)) / 1000)}</p>`

const sentence = ({ run, topologies }: Results, broken: TopologyResult[]): string => {
  const counts = countsOf(topologies.flatMap(({ checks }) => checks))
  const [first] = broken
  if (first && topologies.length === 1) return `${variantName(first)}: ${counts}.`
  if (first) return `${broken.length} of ${topologies.length} topologies failed: ${broken.map(variantName).join(', ')}.`
  if (run.interrupted) return `Somebody stopped the run: ${counts}.`
  const [one] = topologies
  return topologies.length === 1 && one
    ? `${variantName(one)}: ${counts}.`
    : `${topologies.length} topologies: ${counts}.`
}

type Broken = { topology: TopologyResult; first: NonNullable<ReturnType<typeof firstBroken>> }

// What is broken in the same way in several topologies is told once.
const causesOf = (topologies: TopologyResult[]): Broken[][] => {
  const all = topologies.flatMap((topology) => {
    const first = firstBroken(topology.checks)
    return first ? [{ topology, first }] : []
  })
  return [...Map.groupBy(all, ({ first }) => `${first.code} ${first.cause}`).values()]
}

const causeCard = (same: Broken[], several: boolean): Markup | undefined => {
  const [one] = same
  return (
    one &&
    markup`<div class="cause">
<p class="layer"><b>First broken layer: ${one.first.layer}</b>${
      several &&
      markup` in ${joined(
        same.map(({ topology }) => markup`<a href="#${anchorOf(topology)}">${variantName(topology)}</a>`),
        ', ',
      )}`
    }</p>
<p class="why">${one.first.cause}</p>
<p class="next"><b>Next step</b> ${one.first.hint}</p>
<p class="where"><code>${one.first.code}</code> found by ${foundBy(one)}${same.length > 1 && ` and in ${same.length - 1} more`}</p>
</div>`
  )
}

const foundBy = ({ topology, first }: Broken): Markup => {
  const check = topology.checks.find(({ id, diagnosis }) => id === first.check && diagnosis?.code === first.code)
  return markup`<a href="#${check ? idOf(topology, check) : anchorOf(topology)}">${first.check}</a>${check && markup`, ${routeWords(check)}`}`
}

/** The way to every topology, the worst first. */
export const index = (topologies: TopologyResult[]): Markup =>
  markup`<nav class="index" aria-label="Topologies"><ul>${worstFirst(topologies).map(
    (topology) =>
      markup`<li><a href="#${anchorOf(topology)}">${badge(topology.upgrade?.verdict ?? topology.verdict)} <b>${variantName(topology)}</b> <small>${outcomeOf(topology)}</small></a></li>`,
  )}</ul></nav>`
