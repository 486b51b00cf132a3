import { firstBroken } from '../diagnose/diagnose.ts'
import { variantName, type CheckResult, type Results, type TopologyResult } from './results.ts'
import { countsOf, duration, routeOf, runVerdict, verdictWords, worstFirst } from './words.ts'

/** GitHub shows this many annotations of a kind for a step. */
const mostAnnotations = 10

/** Workflow commands for what failed (errors) and what passed on retry (warnings), the causes first, no more of a kind than GitHub shows. */
export const annotations = ({ run, topologies }: Results): string[] => {
  const of = (verdict: CheckResult['verdict']): { topology: TopologyResult; check: CheckResult }[] =>
    worstFirst(topologies).flatMap((topology) => {
      const found = topology.checks.filter((check) => check.verdict === verdict)
      const first = firstBroken(topology.checks)?.check
      return [...found.filter(({ id }) => id === first), ...found.filter(({ id }) => id !== first)].map((check) => ({ topology, check }))
    })
  const early = run.error === undefined ? [] : [command('error', run.error.code, `${run.error.message} Next: ${run.error.next}`)]
  return [
    ...limited('error', [...early, ...of('fail').map(({ topology, check }) => command('error', titleOf(topology, check), failure(check)))]),
    ...limited('warning', of('flaky').map(({ topology, check }) => command('warning', titleOf(topology, check), `passed on retry: ${check.reason}`))),
  ]
}

/** The step summary, in GitHub's Markdown: the verdict, what is broken, every topology, and what failed. At most so many bytes of UTF-8. */
export const stepSummary = (results: Results, bytes: number): string => {
  const { run, environment, topologies } = results
  const verdict = runVerdict(results)
  const lines = [
    `## ${verdictWords[verdict].mark} meshproof: ${verdictWords[verdict].word}`, '',
    ...(run.error === undefined ? [] : [`**${run.error.code}** ${text(run.error.message)}`, '', `Next step: ${text(run.error.next)}`, '']),
    ...worstFirst(topologies).flatMap(broken),
    '| topology | verdict | checks |', '|---|---|---|',
    ...topologies.map((topology) => `| ${text(variantName(topology))} | ${verdictWords[topology.verdict].mark} ${verdictWords[topology.verdict].word} | ${countsOf(topology.checks)} |`), '',
    `Istio ${text(environment.istio)}, Kubernetes ${text(environment.kubernetes)}, Envoy ${text(environment.envoy)}; run ${text(run.id)}, ${duration((Date.parse(run.finishedAt) - Date.parse(run.startedAt)) / 1000)}`, '',
    ...problems(topologies),
  ]
  return bounded(lines, bytes)
}

const titleOf = (topology: TopologyResult, { id, diagnosis }: CheckResult): string => `${[diagnosis?.code, id].filter(Boolean).join(' ')} (${variantName(topology)})`

const failure = (check: CheckResult): string => [`${routeOf(check)}: ${check.reason}`, ...(check.diagnosis ? [`Cause: ${check.diagnosis.cause}`, `Next: ${check.diagnosis.hint}`] : [])].join('\n')

const limited = (kind: 'error' | 'warning', commands: string[]): string[] => (commands.length <= mostAnnotations ? commands
  : [...commands.slice(0, mostAnnotations - 1), command(kind, 'and more', `${commands.length - mostAnnotations + 1} more are in the step summary and in report.html.`)])

// What the runner reads as the end of a command or of a property is escaped as actions/toolkit does it (packages/core/src/command.ts).
const command = (kind: 'error' | 'warning', title: string, message: string): string =>
  `::${kind} title=${data(title).replaceAll(':', '%3A').replaceAll(',', '%2C')}::${data(message)}`
const data = (value: string): string => value.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')

// Neither markup nor a table's end: what the evidence says is text.
const text = (value: string): string => value.replaceAll(/[\r\n]+/g, ' ').replaceAll(/[\\`*_{}[\]<>#|~@&]/g, (character) => `&#${character.codePointAt(0) ?? 32};`)

const broken = (topology: TopologyResult): string[] => {
  const first = firstBroken(topology.checks)
  return first === undefined ? [] : [
    `> [!CAUTION]`, `> **${text(variantName(topology))}: first broken layer is ${first.layer}** (${first.check}, ${first.code})`, '>', `> ${text(first.cause)}`, '>', `> Next step: ${text(first.hint)}`, '',
  ]
}

const problems = (topologies: TopologyResult[]): string[] => {
  const rows = worstFirst(topologies).flatMap((topology) => topology.checks.filter(({ verdict }) => ['fail', 'flaky', 'not-run'].includes(verdict)).map((check) =>
    `| ${verdictWords[check.verdict].mark} ${verdictWords[check.verdict].word} | ${text(variantName(topology))} | ${text(check.id)} | ${text(routeOf(check))} | ${text(check.reason)} |`))
  return rows.length === 0 ? [] : ['### What did not simply pass', '', '| verdict | topology | check | where | reason |', '|---|---|---|---|---|', ...rows]
}

// Whole lines alone: half a row would break the table.
const bounded = (lines: string[], bytes: number): string => {
  const last = 'The rest is left out: it is in report.html.'
  let left = bytes - Buffer.byteLength(last) - 3
  const tooMuch = lines.findIndex((line) => { left -= Buffer.byteLength(line) + 1; return left < 0 })
  return `${(tooMuch === -1 ? lines : [...lines.slice(0, tooMuch), '', last]).join('\n')}\n`
}
