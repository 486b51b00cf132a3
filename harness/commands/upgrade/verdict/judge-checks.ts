import type { Code } from '#codes/index.ts'
import { isConsequence } from '#results/explain.ts'
import type { CheckResult, UpgradeFinding } from '#results/results.ts'
import type { PhaseCase } from './case.ts'
import { found, isUpgradeCode, type UpgradeCode } from './findings.ts'
import { stallsIn } from './stalls.ts'

/**
 * The findings from a phase’s steps and checks: what failed, checks that could not run, and checks that passed only
 * on a retry.
 */
export const checkFindings = ({ phase, stalls, stages }: PhaseCase): UpgradeFinding[] => {
  const { id, kind, checks, steps } = phase
  const before = kind === 'preflight' || kind === 'baseline'
  // If a host was stalled during every attempt of a check, the check says nothing about the mesh.
  const stalled = ({ from, to, attempts }: CheckResult): boolean =>
    attempts.length > 0 &&
    attempts.every(
      ({ startedAt, seconds }) =>
        stallsIn(stalls, [...from, ...to], Date.parse(startedAt), Date.parse(startedAt) + seconds * 1000).length > 0,
    )
  const failed = checks.filter((check) => check.verdict === 'fail' && !isConsequence(check))
  const list = (listed: readonly CheckResult[], code: UpgradeCode): UpgradeFinding[] => {
    return listed.length === 0
      ? []
      : [
          found(
            code,
            id,
            `${listed.length} of ${checks.length} checks: ${namesOf(listed)}; ${listed[0]?.reason ?? ''}`,
            {
              check: listed[0]?.id ?? '',
            },
          ),
        ]
  }
  const anyRan = checks.some(({ verdict }) => verdict !== 'skipped')
  return [
    ...steps
      .filter(({ verdict }) => verdict === 'fail')
      .map(({ name, seconds }) =>
        found(before ? 'MP-956' : 'MP-949', id, `${name}: failed after ${seconds.toFixed(1)} s`),
      ),
    ...[
      ...Map.groupBy(
        failed.filter((check) => !stalled(check)),
        (check) => (before ? undefined : upgradeCodeOf(check, phase)) ?? check.diagnosis?.code ?? 'MP-948',
      ),
    ].map(([code, sameCode]) => failure(code, sameCode, phase)),
    ...list([...checks.filter(({ verdict }) => verdict === 'not-run'), ...failed.filter(stalled)], 'MP-955'),
    ...list(
      checks.filter(({ verdict }) => verdict === 'flaky'),
      'MP-958',
    ),
    ...(anyRan || stages[id] === undefined ? [] : [found('MP-955', id, 'no check ran after the phase')]),
  ]
}

const namesOf = (checks: readonly CheckResult[]): string => [...new Set(checks.map(({ id }) => id))].join(', ')

/** The code of a failed check during an upgrade; undefined where the check’s own code says as much. */
const upgradeCodeOf = ({ diagnosis }: CheckResult, { kind }: PhaseCase['phase']): UpgradeCode | undefined => {
  const is = (...codes: Code[]): boolean => diagnosis !== undefined && codes.includes(diagnosis.code)
  if (is('MP-721', 'MP-722', 'MP-723')) return 'MP-931'
  if (is('MP-736')) return 'MP-935'
  if (is('MP-730') || (is('MP-739') && kind === 'removal')) return 'MP-934'
  if (is('MP-739')) return 'MP-939'
  if (is('MP-773')) return 'MP-936'
  // In the phase of the gateways only gateways change.
  if (is('MP-745') || (kind === 'gateways' && is('MP-712', 'MP-741', 'MP-751', 'MP-752'))) return 'MP-932'
  return is('MP-741') ? 'MP-933' : undefined
}

const failure = (code: Code, sameCode: readonly CheckResult[], { id, checks }: PhaseCase['phase']): UpgradeFinding => {
  const [check] = sameCode
  const evidence = `${sameCode.length} of ${checks.length} checks fail: ${namesOf(sameCode)}; ${check?.reason ?? ''}`
  const named = isUpgradeCode(code)
    ? found(code, id, evidence)
    : {
        ...found('MP-948', id, evidence),
        code,
        ...(check?.diagnosis ? { cause: check.diagnosis.cause, hint: check.diagnosis.hint } : {}),
      }
  return { ...named, ...(check ? { check: check.id } : {}) }
}
