import type { Code } from '#codes/index.ts'
import { MeshproofError } from '#errors.ts'
import type { Attempt, CheckResult } from '#results/results.ts'
import { withheldFrom, type Check } from '#checks/check.ts'
import { recorder } from '#checks/evidence.ts'
import { meshOf } from '#checks/mesh.ts'
import type { Target } from '#checks/target.ts'
import { resultWithout, type PlannedCheck } from '#run/plan-checks.ts'
import { failureReason } from './difference.ts'

/**
 * Runs a planned check. An attempt that fails is repeated once, and every attempt is kept. A check that passes only
 * at the second attempt is `flaky`, never `pass`. A check that disrupts has one attempt, and waits longer. A check
 * that needs what the mesh withholds is `skipped`. `onBroken` says that a check of a lower layer has failed: then one
 * attempt with short waits is enough, since the lower layer explains a failure.
 * @throws the signal’s reason, since an interruption is not a verdict.
 */
export const runCheck = async (
  check: Check,
  { from, to }: PlannedCheck,
  target: Target,
  onBroken: boolean,
  signal: AbortSignal,
): Promise<CheckResult> => {
  const withheld = withheldFrom(check, target.withheld)
  if (withheld !== undefined) return resultWithout(check, { from, to }, 'skipped', withheld)
  const attempts: Attempt[] = []
  for (let number = 1; number <= (onBroken || check.disrupts ? 1 : 2); number += 1) {
    const attempt = await tryOnce(check, from, target, onBroken ? 2_000 : check.disrupts ? 30_000 : 10_000, signal)
    attempts.push(attempt)
    if (attempt.verdict === 'pass') break
  }
  const lastAttempt = attempts.at(-1)
  const { id, layer, title, source } = check
  const verdict =
    lastAttempt?.verdict === 'pass'
      ? attempts.length === 1
        ? 'pass'
        : 'flaky'
      : attempts.some((attempt) => attempt.verdict === 'fail')
        ? 'fail'
        : 'not-run'
  return {
    id,
    layer,
    title,
    from,
    to,
    verdict,
    reason: (attempts.find((attempt) => attempt.verdict === verdict) ?? lastAttempt)?.reason ?? '',
    source,
    attempts,
  }
}

const tryOnce = async (
  check: Check,
  from: string[],
  target: Target,
  patience: number,
  signal: AbortSignal,
): Promise<Attempt> => {
  const record = recorder()
  const mesh = meshOf(target, record, patience, signal)
  const startedAt = new Date()
  const ended = (verdict: Attempt['verdict'], reason: string): Attempt => ({
    startedAt: startedAt.toISOString(),
    seconds: (Date.now() - startedAt.getTime()) / 1000,
    verdict,
    reason,
    evidence: record.all(),
  })
  try {
    const cluster = from.length === 1 ? mesh.clusters.find(({ name }) => name === from[0]) : mesh.primary
    return ended('pass', await check.prove({ mesh, from: cluster ?? mesh.primary, signal }))
  } catch (error) {
    if (signal.aborted) throw error
    return ended(isInfrastructure(error) ? 'not-run' : 'fail', failureReason(error))
  }
}

// A failed exec, an API server that does not answer, or a probe without output is not a verdict on the mesh.
const isInfrastructure = (error: unknown): boolean =>
  error instanceof MeshproofError && infrastructure.includes(error.code)

const infrastructure: readonly Code[] = ['MP-201', 'MP-202', 'MP-403', 'MP-406', 'MP-601']
