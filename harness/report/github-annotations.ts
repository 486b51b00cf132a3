import { firstBroken } from '#results/explain.ts'
import {
  afterUpgrade,
  explainedBy,
  explanationOf,
  isMeasured,
  laterTroubles,
  narrowedTo,
} from '#results/explanation.ts'
import { knownIssueLine, knownIssueWords } from '#results/known-issues.ts'
import { variantName, type CheckResult, type Results, type TopologyResult } from '#results/results.ts'
import { command, limited, measuredItself, mostEvidence, unexplained } from './github-text.ts'
import { judgeChecks } from './judge-checks.ts'
import { failedIds, routeOf, worstFirst } from './words.ts'

/**
 * Workflow commands: errors for what failed, warnings for what passed on retry and for upgrades that passed with
 * warnings or are inconclusive, notices for what will hurt later in a mesh whose checks passed. The causes come first.
 * There are no more of a kind than GitHub shows.
 */
export const annotations = ({ run, topologies }: Results): string[] => {
  const { error } = run
  return [
    ...limited('error', [
      ...(error ? [command('error', error.code, `${error.message} Next: ${error.next}`)] : []),
      ...worstFirst(topologies).flatMap((topology) => (topology.upgrade ? [] : explained(topology))),
      ...foundIn(topologies, 'error'),
      ...worstFirst(topologies).flatMap((topology) => (topology.upgrade ? explained(topology) : [])),
      ...placedChecks(topologies, 'fail').map(({ topology, check }) =>
        command('error', titleOf(topology, check), failure(topology, check)),
      ),
    ]),
    ...limited('warning', [
      ...foundIn(topologies, 'warning'),
      ...placedChecks(topologies, 'flaky').map(({ topology, check }) =>
        command('warning', titleOf(topology, check), `passed on retry: ${check.reason}`),
      ),
    ]),
    ...limited('notice', topologies.flatMap(notices)),
  ]
}

const explained = (topology: TopologyResult): string[] => {
  const explanation = afterUpgrade(topology) ?? explanationOf(topology)
  if (!explanation) return []
  const { code, layerName, cause, where, evidence, fix } = explanation
  const lines = [
    `${cause} (${where})`,
    ...evidence.slice(0, mostEvidence),
    `Next: ${fix}`,
    ...(topology.upgrade ? [] : [`Shows in: ${failedIds(topology.checks).join(', ')}`]),
  ]
  return [command('error', `${code} ${layerName} (${variantName(topology)})`, lines.join('\n'))]
}

const notices = (topology: TopologyResult): string[] =>
  laterTroubles(topology).map(({ code, cause, where, evidence, fix }) => {
    const lines = [`${cause} (${where})`, ...evidence.slice(0, mostEvidence), `See: ${fix}`]
    return command('notice', `${code} (${variantName(topology)})`, lines.join('\n'))
  })

type PlacedCheck = { topology: TopologyResult; check: CheckResult }

/** The checks with a verdict: those of the worst topology first, and in each topology the cause first. */
const placedChecks = (topologies: TopologyResult[], verdict: CheckResult['verdict']): PlacedCheck[] =>
  worstFirst(topologies).flatMap((topology) => {
    const checks = [...topology.checks, ...judgeChecks(topology)].filter((check) => check.verdict === verdict)
    const cause = firstBroken(topology.checks)?.check
    const causeFirst = [...checks.filter(({ id }) => id === cause), ...checks.filter(({ id }) => id !== cause)]
    return causeFirst.map((check) => ({ topology, check }))
  })

const titleOf = (topology: TopologyResult, { id, diagnosis, knownIssue }: CheckResult): string =>
  `${[knownIssue && `${knownIssueWords(knownIssue)}:`, diagnosis?.code, id].filter(Boolean).join(' ')} ` +
  `(${variantName(topology)})`

const failure = (topology: TopologyResult, check: CheckResult): string => {
  const { knownIssue } = check
  if (knownIssue)
    return [`${routeOf(check)}: ${check.reason}`, knownIssueLine(knownIssue), `See: ${knownIssue.url}`].join('\n')
  const explanation = explainedBy(topology)
  return [
    `${routeOf(check)}: ${check.reason}`,
    ...(check.diagnosis ? [`Cause: ${check.diagnosis.cause}`, `Next: ${check.diagnosis.hint}`] : []),
    ...(explanation === undefined ? [] : [explanation]),
    ...(narrowedTo(topology) === check ? [isMeasured(check) ? measuredItself : unexplained] : []),
  ].join('\n')
}

/** The findings of upgrades: errors for failures, warnings for the others. */
const foundIn = (topologies: TopologyResult[], kind: 'error' | 'warning'): string[] =>
  topologies.flatMap((topology) =>
    (topology.upgrade?.findings ?? [])
      .filter(({ verdict }) => (verdict === 'fail') === (kind === 'error'))
      .map(({ code, phase, cause, seen: observed, hint: fix }) =>
        command(kind, `${code} ${phase} (${variantName(topology)})`, `${cause}: ${observed}\nNext: ${fix}`),
      ),
  )
