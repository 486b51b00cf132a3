import type { EngineInfo } from '../engine/docker.ts'
import { catalogue } from '../checks/catalogue.ts'
import { keyOf, resultWithout } from '../checks/plan-checks.ts'
import { runChecks } from '../checks/run-checks.ts'
import { diagnose } from '../diagnose/diagnose.ts'
import { reasonOf } from '../errors.ts'
import type { Images } from '../images/images.ts'
import { kubectlLine, labOf, labTasks, type Lab } from '../lab/lab.ts'
import { removeRun } from '../lab/reaper.ts'
import { forgetRun, ownerOf, saveRun } from '../lab/run-state.ts'
import { runTasks, taskStack } from '../lab/task-stack.ts'
import type { TopologyPlan } from '../plan/plan.ts'
import { topologyVerdict, type CheckResult, type Phase, type TopologyResult } from '../report/results.ts'
import type { Terminal } from '../report/terminal.ts'

/** What a topology's run is given. `timeout` is seconds for one check; `reuse` runs the checks on a lab that is already up. */
export type TopologyRun = {
  runId: string
  plan: TopologyPlan
  images: Images
  engine: EngineInfo
  keep: boolean
  reuse: boolean
  withChecks: boolean
  timeout: number
  failFast: boolean
  terminal: Terminal
  signal: AbortSignal
  /** Hears of the result as it grows, so that an abrupt end still has something true to report. */
  progress: (result: TopologyResult) => void
}

/**
 * One topology, from nothing to a verdict and back to nothing. The result is returned whatever happens; `error` says why it ended
 * early, where it did.
 */
export const runTopology = async (run: TopologyRun): Promise<{ result: TopologyResult; error?: unknown }> => {
  const { plan, terminal, signal, runId } = run
  const lab = labOf(runId, plan.topology, run.images)
  const phases = phaseLog(terminal)
  const stack = taskStack()
  let checks: CheckResult[] = await notRun(plan, run.withChecks ? 'the lab was not complete' : 'up runs no checks')
  let error: unknown
  const result = (): TopologyResult => {
    const all = diagnose([...checks, ...plan.skipped])
    const verdict = topologyVerdict(all)
    return { name: plan.topology.name, mtls: plan.topology.mtls, verdict, reason: verdict === 'not-run' && error !== undefined ? reasonOf(error) : '', phases: phases.all(), checks: all }
  }
  try {
    if (!run.reuse) await bringUp(lab, run, stack, phases)
    const followed = await plan.procedure.follow?.(lab, signal)
    if (followed !== undefined) terminal.line(followed)
    if (run.withChecks) {
      phases.started('checks', Date.now())
      checks = await runChecks({ runId, topology: plan.topology, images: run.images, planned: plan.planned, timeout: run.timeout * 1000 }, {
        started: ({ id }) => { terminal.started(id) },
        ended: (one) => {
          terminal.ended(one.id, 0, 'not-run')
          terminal.check(one)
          checks = checks.map((known) => (keyOf(known) === keyOf(one) ? one : known))
          run.progress(result())
        },
      }, { failFast: run.failFast, signal })
      phases.ended('checks', Date.now(), signal.aborted ? 'not-run' : topologyVerdict(checks) === 'fail' ? 'fail' : 'pass')
      if (signal.aborted) throw signal.reason
    }
  } catch (thrown) {
    error = signal.aborted ? signal.reason : thrown
  }
  // A lab that did not come up is kept too when somebody asked to look at it.
  if (run.keep && !signal.aborted) await keepLab(lab, run)
  else if (!run.reuse) {
    phases.started('teardown', Date.now())
    // What could not be undone step by step goes by its label.
    const failed = await stack.unwind().catch(() => removeRun(runId)).then(() => forgetRun(runId)).catch((thrown: unknown) => thrown)
    phases.ended('teardown', Date.now(), failed === undefined ? 'pass' : 'fail', failed)
    error ??= failed
  }
  return { result: result(), ...(error === undefined ? {} : { error }) }
}

const bringUp = async (lab: Lab, run: TopologyRun, stack: ReturnType<typeof taskStack>, phases: PhaseLog): Promise<void> => {
  const owner = await ownerOf(process.pid)
  await saveRun({ id: run.runId, topology: lab.topology.name, mtls: lab.topology.mtls, owner, kept: false })
  await runTasks(labTasks(lab, owner, run.engine, run.plan.procedure), stack, phases, run.signal)
}

const keepLab = async (lab: Lab, run: TopologyRun): Promise<void> => {
  await saveRun({ id: run.runId, topology: lab.topology.name, mtls: lab.topology.mtls, owner: await ownerOf(process.pid), kept: true })
  run.terminal.line('The lab stays. Use it:')
  for (const cluster of lab.clusters) run.terminal.line(`  ${kubectlLine(lab, cluster)}`)
  run.terminal.line(`Check it again: npm test -- --topology=${lab.topology.name}${lab.topology.mtls === 'off' ? ' --mtls=off' : ''} --reuse=${run.runId}`)
  run.terminal.line(`Remove it:      npx meshproof down --run=${run.runId}`)
}

const notRun = async ({ planned }: TopologyPlan, why: string): Promise<CheckResult[]> => {
  const checks = await catalogue()
  return planned.flatMap((one) => checks.filter(({ id }) => id === one.id).map((check) => resultWithout(check, one, 'not-run', why)))
}

type PhaseLog = {
  started: (name: string, at: number) => void
  ended: (name: string, at: number, verdict: Phase['verdict'], error?: unknown) => void
  all: () => Phase[]
}

const phaseLog = (terminal: Terminal): PhaseLog => {
  const phases: Phase[] = []
  const open = new Map<string, number>()
  return {
    started: (name, at) => { open.set(name, at); terminal.started(name) },
    ended: (name, at, verdict, error) => {
      const since = open.get(name) ?? at
      const seconds = (at - since) / 1000
      phases.push({ name, startedAt: new Date(since).toISOString(), seconds, verdict })
      terminal.ended(name, seconds, verdict)
      if (verdict === 'fail' && error !== undefined) terminal.problem(`    ${reasonOf(error)}`)
    },
    all: () => [...phases],
  }
}
