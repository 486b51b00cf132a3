import { diagnose } from './explain.ts'
import { medianOf } from './median.ts'
import { isOpenFailure, type CheckResult, type Round, type TopologyResult, topologyVerdict } from './results.ts'

/** The seconds of a check, its attempts together. */
const secondsOf = ({ attempts }: CheckResult): number => attempts.reduce((sum, { seconds }) => sum + seconds, 0)

/**
 * The results of checks over several rounds, which are in order. The verdict of a check is that of its worst round; a
 * round in which it did not run makes it `not-run`, unless it failed in another. Its attempts are those of the first
 * of the worst rounds. Of a single round the results stay as they are.
 */
export const acrossRounds = (rounds: readonly CheckResult[][]): CheckResult[] => {
  const [first = [], ...others] = rounds
  if (others.length === 0) return first
  return first.map((check) => {
    const isSame = ({ id, from }: CheckResult): boolean => id === check.id && from.join() === check.from.join()
    return acrossRoundsOfCheck(rounds.flatMap((results) => results.filter(isSame)))
  })
}

const acrossRoundsOfCheck = (rounds: CheckResult[]): CheckResult => {
  const verdict = topologyVerdict(rounds)
  if (verdict === 'skipped' && rounds[0]) return rounds[0]
  // A failure without a known issue is the worse one.
  const decisive = rounds.find(isOpenFailure) ?? rounds.find((round) => round.verdict === verdict)
  if (!decisive) throw new Error('a check has no round')
  const ran = rounds.filter((round) => ['pass', 'flaky', 'fail'].includes(round.verdict))
  const unsteady = ran.filter((round) => round.verdict !== 'pass')
  const { diagnosis: _ofItsRound, ...shown } = decisive
  return {
    ...shown,
    repeated: {
      ...(ran.length === 0 ? {} : { flakeRate: unsteady.length / ran.length }),
      medianSeconds: medianOf(ran.map(secondsOf)) ?? 0,
      maxSeconds: Math.max(0, ...ran.map(secondsOf)),
      rounds: rounds.map((round) => ({ verdict: round.verdict, seconds: secondsOf(round), reason: whyOf(round) })),
    },
  }
}

/** Why a round is as it is: of a check that passed on a retry, why it failed before. */
const whyOf = ({ verdict, reason, attempts }: CheckResult): string =>
  verdict === 'flaky' ? (attempts[0]?.reason ?? reason) : reason

/**
 * The result of a topology over several labs, each with the result of one round. Phases, diagnosis and support bundle
 * are those of the first of the worst labs that came to anything. `labs` are the ids of the labs.
 */
export const acrossLabs = (results: readonly TopologyResult[], labs: readonly string[]): TopologyResult => {
  const [first] = results
  if (!first) throw new Error('a topology has no lab')
  if (results.length === 1) return first
  const checks = diagnose(acrossRounds(results.map((result) => result.checks)))
  const verdict = topologyVerdict(checks)
  const shown =
    results.find((result) => result.verdict === verdict && result.phases.length > 0) ??
    results.findLast(({ phases }) => phases.length > 0) ??
    first
  const rounds = results.map((result, index): Round => {
    const ofChecks = result.phases.filter(({ name }) => name === 'checks')
    return {
      ...(labs[index] === undefined ? {} : { lab: labs[index] }),
      ...(ofChecks[0] === undefined ? {} : { startedAt: ofChecks[0].startedAt }),
      seconds: ofChecks.reduce((sum, { seconds }) => sum + seconds, 0),
      verdict: result.verdict,
      reason: result.reason,
      ...(result.bundle === undefined ? {} : { bundle: result.bundle }),
    }
  })
  const reason = verdict === 'not-run' ? (results.find((result) => result.verdict === verdict)?.reason ?? '') : ''
  return { ...shown, verdict, reason, checks, rounds }
}
