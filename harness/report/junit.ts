import { markup, type Markup } from './markup.ts'
import { upgradeChecks } from './upgrade-checks.ts'
import type { CheckResult, Evidence, Results, TopologyResult } from '#results/results.ts'
import { verdictWords } from './words.ts'

/** Characters of evidence a case keeps, the newest: a CI system stores and shows every one of them. */
const mostEvidence = 16_000

/**
 * JUnit XML from the results alone: a suite a topology, a case a check and origin, in an upgrade one for each phase,
 * and one for each probe and phase; reasons of what did not run are kept.
 */
export const junit = ({ run, environment, topologies: told }: Results): string => {
  const topologies = told.map((topology) => ({ ...topology, checks: [...topology.checks, ...upgradeChecks(topology)] }))
  return `${
    markup`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="meshproof" ${totals(topologies.flatMap(({ checks }) => checks))} timestamp="${seconds(run.startedAt)}">
${topologies.map((topology) => suite(topology, { ...versionsOf(environment), run: run.id, topology: topology.name, mtls: topology.mtls }, run.startedAt))}</testsuites>`
      .markup
  }
`
}

const versionsOf = ({ istio, envoy, kubernetes, kind, meshproof }: Results['environment']): Record<string, string> => ({
  istio,
  envoy,
  kubernetes,
  kind,
  ...(meshproof === undefined ? {} : { meshproof }),
})

const suite = (topology: TopologyResult, properties: Record<string, string>, began: string): Markup => {
  const name = `meshproof.${topology.name}.${topology.mtls}`
  const start = topology.phases.find((phase) => phase.name === 'checks')?.startedAt ?? began
  return markup`<testsuite name="${name}" ${totals(topology.checks)} timestamp="${seconds(start)}">
<properties>${Object.entries(properties).map(([key, value]) => markup`<property name="${key}" value="${value}"/>`)}</properties>
${topology.checks.map(
  (
    check,
  ) => markup`<testcase classname="${name}.${check.layer}" name="${check.id} from ${check.from.join(', ')}" time="${timeOf(check)}">${outcome(check)}</testcase>
`,
)}</testsuite>
`
}

const outcome = (check: CheckResult): Markup => {
  const { verdict, reason, diagnosis } = check
  if (verdict === 'skipped') return markup`<skipped message="${reason}"/>`
  // A consumer of JUnit has no word for "not run": an error is the one that never reads as passed.
  if (verdict === 'not-run') return markup`<error message="not run: ${reason}" type="not-run"/>${output(check)}`
  if (verdict === 'fail')
    return markup`<failure message="${reason}" type="${diagnosis?.code ?? 'failed'}">${failureText(check)}</failure>${output(check)}`
  return verdict === 'flaky'
    ? markup`<system-out>passed on retry: ${reason}
${attemptsText(check)}</system-out>`
    : markup`<system-out>${reason}</system-out>`
}

const failureText = ({ reason, diagnosis, title, source }: CheckResult): string =>
  [
    reason,
    ...(diagnosis ? [`layer: ${diagnosis.layer}`, `cause: ${diagnosis.cause}`, `next: ${diagnosis.hint}`] : []),
    `it proves that ${title} (${source})`,
  ].join('\n')

const output = (check: CheckResult): Markup | undefined =>
  check.attempts.length === 0 ? undefined : markup`<system-out>${attemptsText(check)}</system-out>`

const attemptsText = ({ attempts }: CheckResult): string => {
  const text = attempts
    .map(({ verdict, startedAt, seconds: took, reason, evidence }, index) =>
      [
        `attempt ${index + 1} of ${attempts.length}: ${verdictWords[verdict].word} after ${took.toFixed(1)} s, ` +
          `${startedAt}: ${reason}`,
        ...evidence.map(lineOf),
      ].join('\n'),
    )
    .join('\n')
  return text.length <= mostEvidence
    ? text
    : `(the beginning is left out; results.json has it)\n…${text.slice(-mostEvidence)}`
}

const lineOf = ({ probe, ...facts }: Evidence): string => `  ${probe}: ${JSON.stringify(facts)}`

const timeOf = ({ attempts }: CheckResult): string => attempts.reduce((sum, one) => sum + one.seconds, 0).toFixed(3)

const totals = (checks: CheckResult[]): Markup => {
  const count = (wanted: CheckResult['verdict']): number => checks.filter(({ verdict }) => verdict === wanted).length
  return markup`tests="${checks.length}" failures="${count('fail')}" errors="${count('not-run')}" skipped="${count('skipped')}" time="${checks.reduce((sum, check) => sum + Number(timeOf(check)), 0).toFixed(3)}"`
}

// Without fractions and zone, as the schema of JUnit's own writers has it.
const seconds = (time: string): string => new Date(time).toISOString().slice(0, 19)
