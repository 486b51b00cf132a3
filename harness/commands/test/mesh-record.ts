import { reasonOf } from '#errors.ts'
import { diagnose } from '#results/explain.ts'
import type { MeshDiagnosis } from '#results/mesh-diagnosis.ts'
import { type CheckResult, clustersOf, type TopologyResult, topologyVerdict } from '#results/results.ts'
import { catalogue } from '#run/catalogue.ts'
import { failureOf } from '#run/failure-of.ts'
import type { PhaseLog } from '#run/phase-log.ts'
import { keyOf, resultWithout } from '#run/plan-checks.ts'
import type { MeshPlan } from '#run/plan.ts'

/** What is known of a mesh during its test. */
export type MeshRecord = {
  phases: PhaseLog
  /** Adds the result of a check. */
  checked: (result: CheckResult) => void
  /** Adds the results of all planned checks, once all were run. */
  checkedAll: (results: CheckResult[]) => void
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
  /** The result so far. */
  result: () => TopologyResult
  /** Passes the result so far to `keep`. */
  publish: () => void
}

/**
 * A record of a mesh of which only the plan is known. Its checks are `not-run`, with the reason `unchecked`, until
 * their results come. It publishes each result of a check at once, so that an abrupt end leaves a correct report.
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
  let diagnosis: MeshDiagnosis | undefined
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
      ...(diagnosis === undefined ? {} : { diagnosis }),
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
    diagnosed: (made) => {
      diagnosis = made
    },
    bundled: (path) => {
      bundle = path
    },
    wentWrong: () => error !== undefined || (complete && ['fail', 'not-run'].includes(result().verdict)),
    wasChecked: () => complete,
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
