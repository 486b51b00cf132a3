import { explainedBy } from '#results/explanation.ts'
import { knownIssueLine, knownIssueWords } from '#results/known-issues.ts'
import { judgeChecks } from './judge-checks.ts'
import { joined, markup, type Markup } from './markup.ts'
import { upgradeChecks } from './upgrade-checks.ts'
import type { CheckResult, Evidence, Results, TopologyResult } from '#results/results.ts'
import { verdictWords } from './words.ts'

/** How many characters of evidence a case keeps, the newest ones: a CI system stores and shows all of them. */
const mostEvidence = 16_000

/**
 * JUnit XML from the results alone. A suite is a topology. A case is a check with the place it asks from; in an upgrade
 * there is also a case for each phase, and for each probe in each phase. Checks that did not run keep their reasons.
 */
export const junit = ({ run, environment, topologies }: Results): string => {
  const suites = topologies.map((topology): Suite => ({
    topology,
    checks: [...topology.checks, ...upgradeChecks(topology), ...judgeChecks(topology)],
    properties: {
      ...versionsOf(environment),
      run: run.id,
      topology: topology.name,
      mtls: topology.mtls,
      ...(topology.rounds === undefined ? {} : { rounds: String(topology.rounds.length) }),
    },
    startedAt: topology.phases.find((phase) => phase.name === 'checks')?.startedAt ?? run.startedAt,
  }))
  const totals = totalsOf(suites.flatMap(({ checks }) => checks))
  const document = markup`
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="meshproof" ${totals} timestamp="${timestamp(run.startedAt)}">
    ${suites.map(suiteElement)}</testsuites>
  `
  return `${document.markup}\n`
}

type Suite = {
  topology: TopologyResult
  checks: CheckResult[]
  properties: Record<string, string>
  startedAt: string
}

const versionsOf = ({ istio, envoy, kubernetes, kind, meshproof }: Results['environment']): Record<string, string> => ({
  istio,
  envoy,
  kubernetes,
  kind,
  ...(meshproof === undefined ? {} : { meshproof }),
})

const suiteElement = ({ topology, checks, properties, startedAt }: Suite): Markup => {
  const name = `meshproof.${topology.name}.${topology.mtls}`
  const explained = topology.upgrade ? undefined : explainedBy(topology)
  return markup`
    <testsuite name="${name}" ${totalsOf(checks)} timestamp="${timestamp(startedAt)}">
    <properties>${Object.entries(properties).map(property)}</properties>
    ${checks.map((check) => caseElement(check, name, explained))}</testsuite>${'\n'}
  `
}

const property = ([name, value]: [string, string]): Markup => markup`<property name="${name}" value="${value}"/>`

const caseElement = (check: CheckResult, suite: string, explained: string | undefined): Markup => {
  const name = `${check.id} from ${check.from.join(', ')}`
  const attributes = markup`classname="${suite}.${check.layer}" name="${name}" time="${secondsOf(check).toFixed(3)}"`
  return markup`<testcase ${attributes}>${outcome(check, explained)}</testcase>${'\n'}`
}

const outcome = (check: CheckResult, explained: string | undefined): Markup => {
  const { verdict, reason, diagnosis, knownIssue } = check
  if (verdict === 'skipped') return markup`<skipped message="${reason}"/>`
  // JUnit has no verdict for "not run". An error is never shown as passed.
  if (verdict === 'not-run') return markup`<error message="not run: ${reason}" type="not-run"/>${output(check)}`
  if (verdict === 'fail') {
    // JUnit has no verdict for a known issue: it is a failure, of a type of its own.
    const type = knownIssue ? knownIssueWords(knownIssue) : (diagnosis?.code ?? 'failed')
    const text = failureText(check, explained)
    const message = knownIssue ? `${knownIssueWords(knownIssue)}: ${reason}` : reason
    return markup`<failure message="${message}" type="${type}">${text}</failure>${output(check)}`
  }
  const text = verdict === 'flaky' ? `passed on retry: ${reason}\n${attemptsText(check)}` : reason
  return markup`<system-out>${[text, ...roundsOf(check)].join('\n')}</system-out>`
}

/** Each round of a check in a line, where a run repeats its checks. */
const roundsOf = ({ repeated }: CheckResult): string[] =>
  (repeated?.rounds ?? []).map(
    ({ verdict, seconds, reason }, index, { length }) =>
      `round ${index + 1} of ${length}: ${verdictWords[verdict].word} after ${seconds.toFixed(1)} s: ${reason}`,
  )

const failureText = (
  { reason, diagnosis, title, source, knownIssue }: CheckResult,
  explained: string | undefined,
): string =>
  [
    reason,
    ...(knownIssue ? [knownIssueLine(knownIssue), `see: ${knownIssue.url}`] : []),
    ...(diagnosis ? [`layer: ${diagnosis.layer}`, `cause: ${diagnosis.cause}`, `next: ${diagnosis.hint}`] : []),
    ...(explained === undefined || knownIssue ? [] : [explained]),
    `it proves that ${title} (${source})`,
  ].join('\n')

const output = (check: CheckResult): Markup | undefined =>
  check.attempts.length === 0
    ? undefined
    : markup`<system-out>${[...roundsOf(check), attemptsText(check)].join('\n')}</system-out>`

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

const secondsOf = ({ attempts }: CheckResult): number => attempts.reduce((sum, { seconds }) => sum + seconds, 0)

const totalsOf = (checks: CheckResult[]): Markup => {
  const count = (wanted: CheckResult['verdict']): number => checks.filter(({ verdict }) => verdict === wanted).length
  const time = checks.reduce((sum, check) => sum + Number(secondsOf(check).toFixed(3)), 0)
  const attributes = {
    tests: checks.length,
    failures: count('fail'),
    errors: count('not-run'),
    skipped: count('skipped'),
    time: time.toFixed(3),
  }
  const pairs = Object.entries(attributes).map(([name, value]) => markup`${name}="${value}"`)
  return joined(pairs, ' ')
}

// Without fractions of a second and without a zone, as in the schema of JUnit's own writers.
const timestamp = (moment: string): string => new Date(moment).toISOString().slice(0, 19)
