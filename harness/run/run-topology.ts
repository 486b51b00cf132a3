import { catalogue } from '../checks/catalogue.ts'
import { keyOf, resultWithout } from '../checks/plan-checks.ts'
import { runChecks } from '../checks/run-checks.ts'
import { diagnose } from '../diagnose/diagnose.ts'
import { reasonOf } from '../errors.ts'
import type { TopologyPlan } from '../plan/plan.ts'
import { clustersOf, layers, topologyVerdict, type CheckResult, type TopologyResult } from '../report/results.ts'
import { inLab, type LabRun } from './in-lab.ts'
import { phaseLog } from './phase-log.ts'
import { supportBundle, type BundlePlace } from './support-bundle.ts'

/** What a topology's run is given. `timeout` is seconds for one check. */
export type TopologyRun = LabRun & {
  withChecks: boolean
  timeout: number
  failFast: boolean
  bundle: BundlePlace
  /** Hears of the result as it grows, so that an abrupt end still has something true to report. */
  progress: (result: TopologyResult) => void
}

/**
 * One topology, from nothing to a verdict and back to nothing. The result is returned whatever happens; `error` says why it ended
 * early, where it did.
 */
export const runTopology = async (run: TopologyRun): Promise<{ result: TopologyResult; error?: unknown }> => {
  const { plan, terminal, signal, runId } = run
  const phases = phaseLog(terminal)
  let checks: CheckResult[] = await notRun(plan, run.withChecks ? 'the lab was not complete' : 'up runs no checks')
  let error: unknown
  let bundle: string | undefined
  const result = (): TopologyResult => {
    const all = diagnose([...checks, ...plan.skipped])
    const verdict = topologyVerdict(all)
    return {
      name: plan.topology.name, mtls: plan.topology.mtls, clusters: clustersOf(plan.topology), verdict, reason: verdict === 'not-run' && error !== undefined ? reasonOf(error) : '',
      phases: phases.all(), checks: all, ...(bundle === undefined ? {} : { bundle }),
    }
  }
  ;({ error } = await inLab(run, phases, async (lab, passOn) => {
    const followed = await plan.procedure.follow?.(lab, signal)
    if (followed !== undefined) terminal.line(followed)
    if (!run.withChecks) return
    const waiting = (await catalogue()).filter(({ layer }) => layer === layers.at(-1)).map(({ id }) => id)
    phases.started('checks', Date.now())
    checks = await runChecks({ runId, topology: plan.topology, images: run.images, planned: plan.planned, timeout: run.timeout * 1000 }, {
      started: ({ id }) => {
        terminal.started(id)
        // The last layer's checks wait for pods that go and come: time for the next lab's clusters.
        if (waiting.includes(id)) passOn()
      },
      ended: (one) => {
        terminal.ended(one.id, 0, 'not-run')
        terminal.check(one)
        checks = checks.map((known) => (keyOf(known) === keyOf(one) ? one : known))
        run.progress(result())
      },
    }, { failFast: run.failFast, signal })
    phases.ended('checks', Date.now(), signal.aborted ? 'not-run' : topologyVerdict(checks) === 'fail' ? 'fail' : 'pass')
  }, async (lab, thrown) => {
    error = thrown
    // Of `up` nothing is expected but that it comes up.
    const failed = error !== undefined || (run.withChecks && ['fail', 'not-run'].includes(result().verdict))
    if (failed) bundle = await supportBundle(lab, result(), run.bundle, phases, signal)
  }))
  return { result: result(), ...(error === undefined ? {} : { error }) }
}

const notRun = async ({ planned }: TopologyPlan, why: string): Promise<CheckResult[]> => {
  const checks = await catalogue()
  return planned.flatMap((one) => checks.filter(({ id }) => id === one.id).map((check) => resultWithout(check, one, 'not-run', why)))
}
