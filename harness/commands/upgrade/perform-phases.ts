import { visitorPrefix } from '#checks/visitor.ts'
import type { LiveTraffic } from '#commands/upgrade/traffic/traffic.ts'
import type { Lab } from '#lab/lab.ts'
import { runningReleases } from '#probes/releases.ts'
import type { CheckResult, Phase, RunningRelease } from '#results/results.ts'
import { phaseLog } from '#run/phase-log.ts'
import { runStageChecks, type StageChecking } from './run-stage-checks.ts'
import type { UpgradePhase } from './upgrade-phase.ts'

/**
 * A phase as it was performed. Times are milliseconds since the epoch. Traffic counts from `trafficFrom`. `complete` is
 * true once the checks have run. `done` are the performed steps.
 */
export type PerformedPhase = UpgradePhase & {
  startedAt: number
  trafficFrom?: number
  endedAt: number
  complete: boolean
  done: Phase[]
  checks: CheckResult[]
  releases: RunningRelease[]
}

/**
 * What phases are performed with: the lab that is passed to steps, and how checks run. `record` takes a phase each time
 * more of it is done.
 */
export type Performing = {
  lab: Lab
  checking: StageChecking
  traffic: LiveTraffic
  record: (phase: PerformedPhase) => void
}

/**
 * Upgrades a mesh from one release to another, phase by phase. After every phase its checks run. When the last phase
 * and the traffic have ended, the checks that would disturb traffic run too. No phase follows a phase that fails.
 * @throws the error of a step of the preflight or of the baseline, any error outside a step, and the signal’s reason.
 */
export const performPhases = async (
  phases: readonly UpgradePhase[],
  performing: Performing,
  signal: AbortSignal,
): Promise<void> => {
  const { checking, traffic, record } = performing
  for (const planned of phases) {
    const { phase, failed } = await performPhase(planned, performing, signal)
    if (failed !== undefined && ['preflight', 'baseline'].includes(phase.kind)) throw failed
    if (failed !== undefined || phase.checks.some(({ verdict }) => verdict === 'fail')) break
    if (planned !== phases.at(-1)) continue
    await traffic.end(signal)
    if (planned.after === undefined) continue
    const disruptive = await runStageChecks(planned.after, 'others', checking, signal)
    record({ ...phase, checks: [...phase.checks, ...disruptive] })
  }
  await traffic.end(signal)
}

/**
 * Performs the steps of one phase, then runs its checks. The checks also run where a step fails, since they name what
 * is broken. They do not run where a step of the baseline fails, since there is no traffic then.
 */
const performPhase = async (
  planned: UpgradePhase,
  performing: Performing,
  signal: AbortSignal,
): Promise<{ phase: PerformedPhase; failed: unknown }> => {
  const { lab, checking, traffic, record } = performing
  const { id, name, kind, after } = planned
  const startedAt = Date.now()
  checking.terminal.line(`${id}  ${name}`)
  let phase: PerformedPhase = {
    ...planned,
    startedAt,
    endedAt: startedAt,
    complete: false,
    done: [],
    checks: [],
    releases: [],
    ...(after && kind !== 'baseline' ? { trafficFrom: startedAt } : {}),
  }
  const grow = (more: Partial<PerformedPhase>): void => {
    phase = { ...phase, ...more }
    record(phase)
  }
  grow({})
  let enough = await traffic.counting(signal)
  const failed = await performSteps(planned, performing, signal, (done) => {
    grow({ done })
  })
  if (after && (failed === undefined || kind !== 'baseline')) {
    if (phase.trafficFrom === undefined) {
      grow({ trafficFrom: Date.now() })
      enough = await traffic.counting(signal)
    }
    grow({ checks: await runStageChecks(after, 'harmless', checking, signal) })
    // The visitor pod of a check may still be terminating, with a proxy of the check’s choice.
    const running = (await Promise.all(lab.clusters.map(runningReleases))).flat()
    grow({ releases: running.filter(({ workload }) => !workload.startsWith(visitorPrefix)) })
    if (failed === undefined && phase.checks.every(({ verdict }) => verdict !== 'fail')) await enough()
  }
  grow({ complete: true, endedAt: Date.now() })
  return { phase, failed }
}

/**
 * Performs steps in order, up to the first that fails, and returns its error. `done` takes the steps so far.
 * @throws the signal’s reason.
 */
const performSteps = async (
  { id, steps }: UpgradePhase,
  { lab, checking, traffic }: Performing,
  signal: AbortSignal,
  done: (steps: Phase[]) => void,
): Promise<unknown> => {
  const log = phaseLog(checking.terminal)
  for (const step of steps) {
    log.started(step.name, Date.now())
    traffic.note('', `${id}: ${step.name}`)
    const failed = await step.run(lab, signal).then(
      () => undefined,
      (error: unknown) => error,
    )
    log.ended(step.name, Date.now(), failed === undefined ? 'pass' : signal.aborted ? 'not-run' : 'fail', failed)
    done(log.all())
    signal.throwIfAborted()
    if (failed !== undefined) return failed
  }
  return undefined
}
