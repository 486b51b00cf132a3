import { reasonOf } from '#errors.ts'
import { diagnose } from '#results/explain.ts'
import { type CheckResult, clustersOf, type TopologyResult, topologyVerdict } from '#results/results.ts'
import { catalogue } from '#run/catalogue.ts'
import { failureOf } from '#run/failure-of.ts'
import type { PhaseLog } from '#run/phase-log.ts'
import { keyOf, resultWithout } from '#run/plan-checks.ts'
import type { MeshPlan } from '#run/plan.ts'

/** What is known of a mesh while it is tested. */
export type MeshRecord = {
  phases: PhaseLog
  /** Takes the result of a check as it comes. */
  checked: (result: CheckResult) => void
  /** Takes the results of all planned checks: they were run. */
  checkedAll: (results: CheckResult[]) => void
  /** Takes what ended the test early, if anything did. Only the first error counts. */
  endedBy: (error: unknown) => void
  /** Takes the path of the support bundle, where one was written. */
  bundled: (path: string | undefined) => void
  /**
   * True where the test ended early, or its checks were run and did not all pass. Where none was run, nothing is
   * expected but that the mesh comes up.
   */
  wentWrong: () => boolean
  /** The result as it is now. */
  result: () => TopologyResult
  /** Hands the result as it is now to whoever keeps it. */
  publish: () => void
}

/**
 * A record of a mesh of which nothing is known but its plan. Its checks are `not-run`, for the reason `unchecked`, until
 * their results come. It publishes each result of a check at once, so that an abrupt end still has something true to
 * report.
 */
export const meshRecord = (
  plan: MeshPlan,
  unchecked: string,
  phases: PhaseLog,
  keep: (result: TopologyResult) => void,
): MeshRecord => {
  let checks = notRun(plan, unchecked)
  let complete = false
  let error: unknown
  let bundle: string | undefined
  const result = (): TopologyResult => {
    const diagnosed = diagnose([...checks, ...plan.skipped])
    const verdict = topologyVerdict(diagnosed)
    return {
      name: plan.topology.name,
      mtls: plan.topology.mtls,
      clusters: clustersOf(plan.topology),
      verdict,
      reason: verdict === 'not-run' && error !== undefined ? reasonOf(error) : '',
      phases: phases.all(),
      checks: diagnosed,
      ...(bundle === undefined ? {} : { bundle }),
    }
  }
  const publish = (): void => {
    keep(result())
  }
  return {
    phases,
    checked: (check) => {
      checks = checks.map((known) => (keyOf(known) === keyOf(check) ? check : known))
      publish()
    },
    checkedAll: (results) => {
      checks = results
      complete = true
    },
    endedBy: (thrown) => {
      error ??= thrown
    },
    bundled: (path) => {
      bundle = path
    },
    wentWrong: () => error !== undefined || (complete && ['fail', 'not-run'].includes(result().verdict)),
    result,
    publish,
  }
}

/**
 * Waits for the test of a mesh, its clean-up included, and publishes its result, however the test ended.
 * @throws what ended the test early.
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
