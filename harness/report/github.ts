import { firstBroken } from '#results/explain.ts'
import { printable } from '#results/text.ts'
import { variantName, type CheckResult, type Results, type TopologyResult } from '#results/results.ts'
import { lostWith } from './upgrade-text.ts'
import { outcomeOf, phaseWords, upgradeRunVerdict, upgradeVerdictWords } from './upgrade-words.ts'
import { duration, routeOf, runVerdict, verdictWords, worstFirst } from './words.ts'

/** GitHub shows this many annotations of a kind for a step. */
const mostAnnotations = 10

/**
 * Workflow commands for what failed (errors), and for what passed on retry or an upgrade leaves to look at (warnings),
 * the causes first, no more of a kind than GitHub shows.
 */
export const annotations = ({ run, topologies }: Results): string[] => {
  const of = (verdict: CheckResult['verdict']): { topology: TopologyResult; check: CheckResult }[] =>
    worstFirst(topologies).flatMap((topology) => {
      const found = topology.checks.filter((check) => check.verdict === verdict)
      const first = firstBroken(topology.checks)?.check
      return [...found.filter(({ id }) => id === first), ...found.filter(({ id }) => id !== first)].map((check) => ({
        topology,
        check,
      }))
    })
  const early =
    run.error === undefined ? [] : [command('error', run.error.code, `${run.error.message} Next: ${run.error.next}`)]
  return [
    ...limited('error', [
      ...early,
      ...foundIn(topologies, 'error'),
      ...of('fail').map(({ topology, check }) => command('error', titleOf(topology, check), failure(check))),
    ]),
    ...limited('warning', [
      ...foundIn(topologies, 'warning'),
      ...of('flaky').map(({ topology, check }) =>
        command('warning', titleOf(topology, check), `passed on retry: ${check.reason}`),
      ),
    ]),
  ]
}

/**
 * The step summary, in GitHub's Markdown: the verdict, what is broken, every topology, and what failed. At most so many
 * bytes of UTF-8.
 */
export const stepSummary = (results: Results, bytes: number): string => {
  const { run, environment, topologies } = results
  const { mark, word } = topologies.some(({ upgrade }) => upgrade)
    ? upgradeVerdictWords[upgradeRunVerdict(results)]
    : verdictWords[runVerdict(results)]
  const lines = [
    `## ${mark} meshproof: ${word}`,
    '',
    ...(run.error === undefined
      ? []
      : [`**${run.error.code}** ${text(run.error.message)}`, '', `Next step: ${text(run.error.next)}`, '']),
    ...worstFirst(topologies).flatMap(broken),
    `| topology | verdict | ${topologies.some(({ upgrade }) => upgrade) ? 'requests' : 'checks'} |`,
    '|---|---|---|',
    ...topologies.map(
      (topology) => `| ${text(variantName(topology))} | ${wordsOf(topology)} | ${outcomeOf(topology)} |`,
    ),
    '',
    ...topologies.flatMap(upgraded),
    `Istio ${text(environment.istio)}, Kubernetes ${text(environment.kubernetes)}, Envoy ` +
      `${text(environment.envoy)}; run ${text(run.id)}, ` +
      duration((Date.parse(run.finishedAt) - Date.parse(run.startedAt)) / 1000),
    '',
    ...problems(topologies),
  ]
  return bounded(lines, bytes)
}

const titleOf = (topology: TopologyResult, { id, diagnosis }: CheckResult): string =>
  `${[diagnosis?.code, id].filter(Boolean).join(' ')} (${variantName(topology)})`

const failure = (check: CheckResult): string =>
  [
    `${routeOf(check)}: ${check.reason}`,
    ...(check.diagnosis ? [`Cause: ${check.diagnosis.cause}`, `Next: ${check.diagnosis.hint}`] : []),
  ].join('\n')

const limited = (kind: 'error' | 'warning', commands: string[]): string[] =>
  commands.length <= mostAnnotations
    ? commands
    : [
        ...commands.slice(0, mostAnnotations - 1),
        command(
          kind,
          'and more',
          `${commands.length - mostAnnotations + 1} more are in the step summary and in report.html.`,
        ),
      ]

// What the runner reads as the end of a command or of a property is escaped as actions/toolkit does it
// (packages/core/src/command.ts).
const command = (kind: 'error' | 'warning', title: string, message: string): string =>
  `::${kind} title=${data(title).replaceAll(':', '%3A').replaceAll(',', '%2C')}::${data(message)}`
const data = (value: string): string =>
  printable(value.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A'))

// Neither markup nor a table's end: what the evidence says is text.
const text = (value: string): string =>
  printable(value.replaceAll(/[\r\n]+/g, ' ')).replaceAll(
    /[\\`*_{}[\]<>#|~@&]/g,
    (character) => `&#${character.codePointAt(0) ?? 32};`,
  )

const wordsOf = ({ verdict, upgrade }: TopologyResult): string => {
  const { mark, word } = upgrade ? upgradeVerdictWords[upgrade.verdict] : verdictWords[verdict]
  return `${mark} ${word}`
}

/** What upgrades found: errors what failed, warnings what leaves the verdict open or is to be looked at. */
const foundIn = (topologies: TopologyResult[], kind: 'error' | 'warning'): string[] =>
  topologies.flatMap((topology) =>
    (topology.upgrade?.findings ?? [])
      .filter(({ verdict }) => (verdict === 'fail') === (kind === 'error'))
      .map(({ code, phase, cause, seen, hint }) =>
        command(kind, `${code} ${phase} (${variantName(topology)})`, `${cause}: ${seen}\nNext: ${hint}`),
      ),
  )

/** The phases of an upgrade, and what was found in them. */
const upgraded = ({ upgrade }: TopologyResult): string[] =>
  upgrade === undefined
    ? []
    : [
        ...(upgrade.findings.length === 0
          ? []
          : [
              '| verdict | phase | code | cause | seen | next |',
              '|---|---|---|---|---|---|',
              ...upgrade.findings.map(
                ({ verdict, phase, code, cause, seen, hint }) =>
                  `| ${upgradeVerdictWords[verdict].mark} ${upgradeVerdictWords[verdict].word} | ${phase} | ` +
                  `${code} | ${text(cause)} | ${text(seen)} | ${text(hint)} |`,
              ),
              '',
            ]),
        '| phase | verdict | seconds | requests |',
        '|---|---|---|---|',
        ...upgrade.phases.map(
          (phase) =>
            `| ${text(phaseWords(phase))} | ${upgradeVerdictWords[phase.verdict].mark} ${upgradeVerdictWords[phase.verdict].word} | ${phase.seconds.toFixed(1)} | ${
              phase.verdict === 'not-run'
                ? text(phase.reason)
                : lostWith(
                    upgrade,
                    upgrade.measured.filter((one) => one.phase === phase.id),
                  )
            } |`,
        ),
        '',
      ]

const broken = (topology: TopologyResult): string[] => {
  const first = firstBroken(topology.checks)
  return first === undefined
    ? []
    : [
        `> [!CAUTION]`,
        `> **${text(variantName(topology))}: first broken layer is ${first.layer}** (${first.check}, ${first.code})`,
        '>',
        `> ${text(first.cause)}`,
        '>',
        `> Next step: ${text(first.hint)}`,
        '',
      ]
}

const problems = (topologies: TopologyResult[]): string[] => {
  const rows = worstFirst(topologies).flatMap((topology) =>
    topology.checks
      .filter(({ verdict }) => ['fail', 'flaky', 'not-run'].includes(verdict))
      .map(
        (check) =>
          `| ${verdictWords[check.verdict].mark} ${verdictWords[check.verdict].word} | ` +
          `${text(variantName(topology))} | ${text(check.id)} | ${text(routeOf(check))} | ${text(check.reason)} |`,
      ),
  )
  return rows.length === 0
    ? []
    : [
        '### What did not simply pass',
        '',
        '| verdict | topology | check | where | reason |',
        '|---|---|---|---|---|',
        ...rows,
      ]
}

// Whole lines alone: half a row would break the table.
const bounded = (lines: string[], bytes: number): string => {
  const last = 'The rest is left out: it is in report.html.'
  let left = bytes - Buffer.byteLength(last) - 3
  const tooMuch = lines.findIndex((line) => {
    left -= Buffer.byteLength(line) + 1
    return left < 0
  })
  return `${(tooMuch === -1 ? lines : [...lines.slice(0, tooMuch), '', last]).join('\n')}\n`
}
