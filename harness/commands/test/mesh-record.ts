import { reasonOf } from '#errors.ts'
import { diagnose } from '#results/explain.ts'
import type { MeshDiagnosis } from '#results/mesh-diagnosis.ts'
import { acrossRounds } from '#results/rounds.ts'
import { type CheckResult, clustersOf, type Round, type TopologyResult, topologyVerdict } from '#results/results.ts'
import { catalogue } from '#run/catalogue.ts'
import { failureOf } from '#run/failure-of.ts'
import type { PhaseLog } from '#run/phase-log.ts'
import { keyOf, resultWithout } from '#run/plan-checks.ts'
import type { MeshPlan } from '#run/plan.ts'

/** What is known of a mesh during its test. */
export type MeshRecord = {
  phases: PhaseLog
  /** Adds the result of a check of the present round. */
  checked: (result: CheckResult) => void
  /** Adds the results of all planned checks of the present round, once all were run. The next round follows. */
  checkedAll: (results: CheckResult[], startedAt: Date) => void
  /** Says why the rounds that have not begun will not be run. */
  noMoreRounds: (why: string) => void
  /** Adds the error that ended the test early, or undefined. Only the first error counts. */
  endedBy: (error: unknown) => void
  /** Adds the diagnosis of the mesh, or undefined. */
  diagnosed: (diagnosis: MeshDiagnosis | undefined) => void
  /** Adds the path of the support bundle, or undefined. */
  bundled: (path: string | undefined) => void
  /**
   * True where the test ended early, or where its checks were run and not all passed. Where no checks are run, it is
   * enough that the mesh comes up.
   */
  wentWrong: () => boolean
  /** True once the checks were run. */
  wasChecked: () => boolean
  /** True once the mesh was diagnosed. */
  wasDiagnosed: () => boolean
  /** The result so far. */
  result: () => TopologyResult
  /** Passes the result so far to `keep`. */
  publish: () => void
}

/**
 * A record of a mesh of which only the plan is known. Its checks are `not-run`, with the reason `unchecked`, until
 * their results come. It publishes each result of a check at once, so that an abrupt end leaves a correct report.
 * `rounds` is how often the checks are run, `lab` the id of the lab. A round that was not run leaves its checks
 * `not-run`.
 */
export const meshRecord = (
  plan: MeshPlan,
  unchecked: string,
  phases: PhaseLog,
  keep: (result: TopologyResult) => void,
  { rounds = 1, lab }: { rounds?: number; lab?: string } = {},
): MeshRecord => {
  const checksOf = Array.from({ length: rounds }, () => notRun(plan, unchecked))
  const timesOf: { startedAt: string; seconds: number }[] = []
  let complete = false
  let error: unknown
  let bundle: string | undefined
  let diagnosis: MeshDiagnosis | undefined
  let lookedAt = false
  const result = (): TopologyResult => {
    const diagnosed = diagnose([...acrossRounds(checksOf), ...plan.skipped])
    const verdict = topologyVerdict(diagnosed)
    return {
      name: plan.topology.name,
      mtls: plan.topology.mtls,
      clusters: clustersOf(plan.topology),
      verdict,
      reason: verdict === 'not-run' && error !== undefined ? reasonOf(error) : '',
      phases: phases.all(),
      checks: diagnosed,
      ...(diagnosis === undefined ? {} : { diagnosis }),
      ...(bundle === undefined ? {} : { bundle }),
      ...(rounds === 1 ? {} : { rounds: checksOf.map(roundOf) }),
    }
  }
  const roundOf = (checks: CheckResult[], index: number): Round => {
    const verdict = topologyVerdict([...checks, ...plan.skipped])
    const { startedAt, seconds = 0 } = timesOf[index] ?? {}
    return {
      ...(lab === undefined ? {} : { lab }),
      ...(startedAt === undefined ? {} : { startedAt }),
      seconds,
      verdict,
      reason: verdict === 'not-run' ? (checks.find((check) => check.verdict === 'not-run')?.reason ?? '') : '',
    }
  }
  const leaveOutRest = (why: string): void => {
    for (let round = timesOf.length; round < rounds; round += 1) checksOf[round] = notRun(plan, why)
  }
  const publish = (): void => {
    keep(result())
  }
  return {
    phases,
    checked: (check) => {
      const round = timesOf.length
      checksOf[round] = (checksOf[round] ?? []).map((known) => (keyOf(known) === keyOf(check) ? check : known))
      publish()
    },
    checkedAll: (results, startedAt) => {
      checksOf[timesOf.length] = results
      timesOf.push({ startedAt: startedAt.toISOString(), seconds: (Date.now() - startedAt.getTime()) / 1000 })
      complete = true
      leaveOutRest('the run ended before this round')
    },
    noMoreRounds: leaveOutRest,
    endedBy: (thrown) => {
      error ??= thrown
    },
    diagnosed: (made) => {
      diagnosis = made
      lookedAt = true
    },
    bundled: (path) => {
      bundle = path
    },
    wentWrong: () => error !== undefined || (complete && ['fail', 'not-run'].includes(result().verdict)),
    wasChecked: () => complete,
    wasDiagnosed: () => lookedAt,
    result,
    publish,
  }
}

/**
 * Waits for the test of a mesh, its clean-up included, and publishes its result, however the test ended.
 * @throws the error that ended the test early.
 */
export const withRecord = async (record: MeshRecord, work: Promise<void>, signal: AbortSignal): Promise<void> => {
  const error = await failureOf(work, signal)
  record.endedBy(error)
  record.publish()
  if (error !== undefined) throw error
}

const notRun = ({ planned }: MeshPlan, why: string): CheckResult[] =>
  planned.flatMap((unit) =>
    catalogue.filter(({ id }) => id === unit.id).map((check) => resultWithout(check, unit, 'not-run', why)),
  )
