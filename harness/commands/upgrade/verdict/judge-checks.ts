import type { Code } from '#codes/index.ts'
import { isConsequence } from '#results/explain.ts'
import type { CheckResult, UpgradeFinding } from '#results/results.ts'
import type { PhaseCase } from './case.ts'
import { found, isUpgradeCode, type UpgradeCode } from './findings.ts'
import { stallsIn } from './stalls.ts'

/**
 * What a phase’s steps and checks say: steps and checks that failed, checks that could not be asked, and those that
 * passed on a retry alone.
 */
export const checkFindings = ({ phase, stalls, stages }: PhaseCase): UpgradeFinding[] => {
  const { id, kind, checks, steps } = phase
  const before = kind === 'preflight' || kind === 'baseline'
  // A check that only ever asked while a host stood still says nothing of the mesh.
  const stalled = ({ from, to, attempts }: CheckResult): boolean =>
    attempts.length > 0 &&
    attempts.every(
      ({ startedAt, seconds }) =>
        stallsIn(stalls, [...from, ...to], Date.parse(startedAt), Date.parse(startedAt) + seconds * 1000).length > 0,
    )
  const failed = checks.filter((check) => check.verdict === 'fail' && !isConsequence(check))
  const list = (those: readonly CheckResult[], code: UpgradeCode): UpgradeFinding[] => {
    return those.length === 0
      ? []
      : [
          found(code, id, `${those.length} of ${checks.length} checks: ${namesOf(those)}; ${those[0]?.reason ?? ''}`, {
            check: those[0]?.id ?? '',
          }),
        ]
  }
  const asked = checks.some(({ verdict }) => verdict !== 'skipped')
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
    ].map(([code, same]) => failure(code, same, phase)),
    ...list([...checks.filter(({ verdict }) => verdict === 'not-run'), ...failed.filter(stalled)], 'MP-955'),
    ...list(
      checks.filter(({ verdict }) => verdict === 'flaky'),
      'MP-958',
    ),
    ...(asked || stages[id] === undefined ? [] : [found('MP-955', id, 'no check was asked after the phase')]),
  ]
}

const namesOf = (checks: readonly CheckResult[]): string => [...new Set(checks.map(({ id }) => id))].join(', ')

/** What a failed check means in an upgrade, where it means more than by itself. */
const upgradeCodeOf = ({ diagnosis }: CheckResult, { kind }: PhaseCase['phase']): UpgradeCode | undefined => {
  const is = (...codes: Code[]): boolean => diagnosis !== undefined && codes.includes(diagnosis.code)
  if (is('MP-721', 'MP-722', 'MP-723')) return 'MP-931'
  if (is('MP-736')) return 'MP-935'
  if (is('MP-730') || (is('MP-739') && kind === 'removal')) return 'MP-934'
  if (is('MP-739')) return 'MP-939'
  if (is('MP-773')) return 'MP-936'
  // Only what a gateway holds has changed in its phase.
  if (is('MP-745') || (kind === 'gateways' && is('MP-712', 'MP-741', 'MP-751', 'MP-752'))) return 'MP-932'
  return is('MP-741') ? 'MP-933' : undefined
}

const failure = (code: Code, same: readonly CheckResult[], { id, checks }: PhaseCase['phase']): UpgradeFinding => {
  const [check] = same
  const seen = `${same.length} of ${checks.length} checks fail: ${namesOf(same)}; ${check?.reason ?? ''}`
  const named = isUpgradeCode(code)
    ? found(code, id, seen)
    : {
        ...found('MP-948', id, seen),
        code,
        ...(check?.diagnosis ? { cause: check.diagnosis.cause, hint: check.diagnosis.hint } : {}),
      }
  return { ...named, ...(check ? { check: check.id } : {}) }
}
