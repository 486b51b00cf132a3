import { knownIssueOf } from '#results/known-issues.ts'
import type { Attempt, CheckResult } from '#results/results.ts'
import { withheldFrom, type Check } from '#checks/check.ts'
import { recorder } from '#checks/evidence.ts'
import { meshOf } from '#checks/mesh.ts'
import { type Pace, paceOf, slownessAt, tooSlow } from '#checks/pace.ts'
import type { Target } from '#checks/target.ts'
import { isUnasked } from '#checks/unasked.ts'
import { resultWithout, type PlannedCheck } from '#run/plan-checks.ts'
import { failureReason } from './difference.ts'

/** What failed before a check began: a check of a lower layer, or one of its own layer. */
export type Broken = 'below' | 'beside'

/** How long a check waits, in milliseconds: usually, where it disrupts, and above a broken layer. */
const patience = { usual: 10_000, disrupting: 30_000, onBroken: 2_000 }

/**
 * Runs a planned check. An attempt that fails is repeated once, and every attempt is kept. A check that passes only
 * at the second attempt is `flaky`, never `pass`. A check that disrupts has one attempt, and waits longer. A check
 * that needs what the mesh withholds is `skipped`. Where something is `broken` already, which explains a failure, one
 * attempt is enough; above a broken layer with short waits.
 *
 * A failure is a verdict only at a pace at which nothing is late. Where everything is slow, the next attempt waits
 * longer; where it is too slow, the attempt is `not-run`, and there may be a third one.
 * @throws the signal’s reason, since an interruption is not a verdict.
 */
export const runCheck = async (
  check: Check,
  { from, to }: PlannedCheck,
  target: Target,
  broken: Broken | undefined,
  signal: AbortSignal,
  measurePace: typeof paceOf = paceOf,
): Promise<CheckResult> => {
  const withheld = withheldFrom(check, target.withheld)
  if (withheld !== undefined) return resultWithout(check, { from, to }, 'skipped', withheld)
  const waits = patience[broken === 'below' ? 'onBroken' : check.disrupts ? 'disrupting' : 'usual']
  const once = broken !== undefined || check.disrupts !== undefined
  const tries: Try[] = []
  while (tries.length < (once ? 1 : tries.some(({ tooSlow: slow }) => slow) ? 3 : 2)) {
    const slowness = slownessAt(tries.at(-1)?.pace)
    const next = await tryOnce(check, from, target, { patience: waits, slowness, measurePace }, signal)
    tries.push(next)
    if (next.attempt.verdict === 'pass') break
  }
  const attempts = tries.map(({ attempt }) => attempt)
  const last = tries.at(-1)
  const { id, layer, title, source } = check
  const verdict =
    last?.attempt.verdict === 'pass'
      ? attempts.length === 1
        ? 'pass'
        : 'flaky'
      : !last?.tooSlow && attempts.some((attempt) => attempt.verdict === 'fail')
        ? 'fail'
        : 'not-run'
  const ended = attempts.filter((attempt) => attempt.verdict === verdict)
  // Pods that a check took away may be missing when it tries again: then its first attempt names the cause.
  const telling = (check.ownPods ? ended[0] : ended.at(-1)) ?? last?.attempt
  const knownIssue = knownIssueOf({ id, verdict, attempts })
  return {
    id,
    layer,
    title,
    from,
    to,
    verdict,
    reason: telling?.reason ?? '',
    source,
    attempts,
    ...(knownIssue ? { knownIssue } : {}),
  }
}

/** An attempt, and the pace at which it failed: `tooSlow` where the failure therefore says nothing. */
type Try = { attempt: Attempt; pace?: Pace | undefined; tooSlow?: boolean }

const tryOnce = async (
  check: Check,
  from: string[],
  target: Target,
  { patience: waits, slowness, measurePace }: { patience: number; slowness: number; measurePace: typeof paceOf },
  signal: AbortSignal,
): Promise<Try> => {
  const record = recorder()
  const mesh = meshOf(target, record, { patience: waits, slowness }, signal)
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
    return { attempt: ended('pass', await check.prove({ mesh, from: cluster ?? mesh.primary, signal })) }
  } catch (error) {
    if (signal.aborted) throw error
    if (isUnasked(error)) return { attempt: ended('not-run', failureReason(error)) }
    const pace = await measurePace(target)
    if (signal.aborted) throw error
    if (pace && slownessAt(pace) > 1) record.add({ probe: 'pace', ...pace })
    const slow = tooSlow(pace, error)
    return slow
      ? { attempt: ended('not-run', failureReason(slow)), pace, tooSlow: true }
      : { attempt: ended('fail', failureReason(error)), pace }
  }
}
