import { reasonOf } from '#errors.ts'
import { labData } from '#lab/lab.ts'
import { labSource } from '#report/bundle/collect.ts'
import type { Terminal } from '#report/terminal.ts'
import { diagnose } from '#results/explain.ts'
import { type CheckResult, clustersOf, type TopologyResult, topologyVerdict } from '#results/results.ts'
import { catalogue } from '#run/catalogue.ts'
import { inLab, type LabRun } from '#run/in-lab.ts'
import { phaseLog, type PhaseLog } from '#run/phase-log.ts'
import { keyOf, resultWithout } from '#run/plan-checks.ts'
import type { MeshPlan } from '#run/plan.ts'
import { type BundlePlace, supportBundle } from '#run/support-bundle.ts'
import type { MeshInput } from '#run/vitest/contract.ts'
import { runChecks } from '#run/vitest/run-checks.ts'

/** What the checks of a mesh are run with. `timeout` is seconds for one check. */
export type MeshRun = {
  plan: MeshPlan
  timeout: number
  failFast: boolean
  /** Why checks have no verdict, as long as they were not asked. */
  unasked: string
  /** Hears of the result as it grows, so that an abrupt end still has something true to report. */
  progress: (result: TopologyResult) => void
  terminal: Terminal
  signal: AbortSignal
}

/** Runs the checks of a mesh that is up; `passOn` is called once they mostly wait. */
export type Asking = (mesh: MeshInput, passOn: () => void) => Promise<void>

/**
 * Hears, before the mesh goes, what went wrong; where anything did, `take` takes a support bundle and names its folder.
 */
export type LookBack = (error: unknown, take: (result: TopologyResult) => Promise<string | undefined>) => Promise<void>

/**
 * Makes a mesh ready for its checks, has them asked, and leaves nothing behind. It returns what went wrong on the way,
 * if anything did.
 */
export type InMesh = (phases: PhaseLog, ask: Asking, lookBack: LookBack) => Promise<{ error?: unknown }>

/**
 * One mesh, from nothing to a verdict and back to nothing. The result is returned whatever happens; `error` says why it
 * ended early, where it did.
 */
export const runMesh = async (
  { plan, terminal, signal, timeout, failFast, unasked, progress }: MeshRun,
  inMesh: InMesh,
): Promise<{ result: TopologyResult; error?: unknown }> => {
  const phases = phaseLog(terminal)
  let checks: CheckResult[] = await notRun(plan, unasked)
  let error: unknown
  let bundle: string | undefined
  let asked = false
  const result = (): TopologyResult => {
    const all = diagnose([...checks, ...plan.skipped])
    const verdict = topologyVerdict(all)
    return {
      name: plan.topology.name,
      mtls: plan.topology.mtls,
      clusters: clustersOf(plan.topology),
      verdict,
      reason: verdict === 'not-run' && error !== undefined ? reasonOf(error) : '',
      phases: phases.all(),
      checks: all,
      ...(bundle === undefined ? {} : { bundle }),
    }
  }
  ;({ error } = await inMesh(
    phases,
    async (mesh, passOn) => {
      asked = true
      const waiting = catalogue.filter(({ layer }) => layer === 'failover').map(({ id }) => id)
      phases.started('checks', Date.now())
      checks = await runChecks(
        { mesh, planned: plan.planned, timeout: timeout * 1000 },
        {
          started: ({ id }) => {
            terminal.started(id)
            // These checks wait for pods that go and come: time for the next lab's clusters. What disrupts measures all
            // the while, and would measure them.
            if (waiting.includes(id)) passOn()
          },
          ended: (one) => {
            terminal.ended(one.id, 0, 'not-run')
            terminal.check(one)
            checks = checks.map((known) => (keyOf(known) === keyOf(one) ? one : known))
            progress(result())
          },
        },
        { failFast, signal },
      )
      phases.ended(
        'checks',
        Date.now(),
        signal.aborted ? 'not-run' : topologyVerdict(checks) === 'fail' ? 'fail' : 'pass',
      )
    },
    async (thrown, take) => {
      error = thrown
      // Where nothing was asked, nothing is expected but that it comes up.
      if (error !== undefined || (asked && ['fail', 'not-run'].includes(result().verdict)))
        bundle = await take(result())
    },
  ))
  return { result: result(), ...(error === undefined ? {} : { error }) }
}

const notRun = async ({ planned }: MeshPlan, why: string): Promise<CheckResult[]> => {
  const checks = catalogue
  return planned.flatMap((one) =>
    checks.filter(({ id }) => id === one.id).map((check) => resultWithout(check, one, 'not-run', why)),
  )
}

/** What a topology's run is given: a lab, and how its checks are run. */
export type TopologyRun = LabRun & Omit<MeshRun, 'unasked'> & { withChecks: boolean; bundle: BundlePlace }

/** One topology, from nothing to a verdict and back to nothing. */
export const runTopology = (run: TopologyRun): Promise<{ result: TopologyResult; error?: unknown }> =>
  runMesh(
    { ...run, unasked: run.withChecks ? 'the lab was not complete' : 'up runs no checks' },
    (phases, ask, lookBack) =>
      inLab(
        run,
        phases,
        async (lab, passOn) => {
          const followed = await run.plan.procedure.follow?.(lab, run.signal)
          if (followed !== undefined) run.terminal.line(followed)
          if (run.withChecks) await ask({ lab: labData(lab) }, passOn)
        },
        (lab, error) =>
          lookBack(error, (result) => supportBundle(labSource(lab), result, run.bundle, phases, run.signal)),
      ),
  )
