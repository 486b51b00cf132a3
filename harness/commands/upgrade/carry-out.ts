import type { Stage } from '#checks/mesh-under-test.ts'
import { visitorPrefix } from '#checks/visitor.ts'
import type { Traffic } from '#commands/upgrade/traffic/traffic.ts'
import type { Lab } from '#lab/lab.ts'
import { runningReleases } from '#probes/releases.ts'
import type { Terminal } from '#report/terminal.ts'
import type { CheckResult, Phase, RunningRelease } from '#results/results.ts'
import { phaseLog } from '#run/phase-log.ts'
import type { UpgradePhase } from './upgrade-phase.ts'

/**
 * A phase as it was carried out; times are milliseconds since the epoch. Traffic counts from `trafficFrom`; `complete`
 * once its checks were asked.
 */
export type CarriedOut = UpgradePhase & {
  startedAt: number
  trafficFrom?: number
  endedAt: number
  complete: boolean
  done: Phase[]
  checks: CheckResult[]
  releases: RunningRelease[]
}

/** What an upgrade is carried out with. */
export type Upgrading = {
  lab: Lab
  phases: UpgradePhase[]
  traffic: Traffic
  /** Asks checks at a stage: those that disturb nothing, or, once there is no traffic to disturb, the others. */
  ask: (stage: Stage, which: 'undisturbing' | 'others') => Promise<CheckResult[]>
  /** Hears of a phase as it grows. */
  record: (phase: CarriedOut) => void
  terminal: Terminal
}

/**
 * Takes a mesh from one release to another, phase by phase. After every phase its checks are asked, and when the last
 * has ended and the traffic with it, also those that would have disturbed it. A phase that fails is the last one; one
 * whose step fails is asked nevertheless, since its checks name what is broken.
 * @throws what a step of the preflight or of the baseline threw, whatever ends it that is no step’s failure, and the
 * signal’s reason.
 */
export const upgradeMesh = async (upgrading: Upgrading, signal: AbortSignal): Promise<void> => {
  const { phases, traffic, ask, record } = upgrading
  for (const planned of phases) {
    const { phase, failed } = await carryOut(planned, upgrading, signal)
    if (failed !== undefined && ['preflight', 'baseline'].includes(phase.kind)) throw failed
    const broken = failed !== undefined || phase.checks.some(({ verdict }) => verdict === 'fail')
    if (broken || planned !== phases.at(-1)) {
      if (broken) break
      continue
    }
    await traffic.end(signal)
    if (planned.after) record({ ...phase, checks: [...phase.checks, ...(await ask(planned.after, 'others'))] })
  }
  await traffic.end(signal)
}

const carryOut = async (
  planned: UpgradePhase,
  { lab, traffic, ask, record, terminal }: Upgrading,
  signal: AbortSignal,
): Promise<{ phase: CarriedOut; failed: unknown }> => {
  const log = phaseLog(terminal)
  const startedAt = Date.now()
  const { id, name, kind, after } = planned
  terminal.line(`${id}  ${name}`)
  const phase: CarriedOut = {
    ...planned,
    startedAt,
    endedAt: startedAt,
    complete: false,
    done: [],
    checks: [],
    releases: [],
    ...(after && kind !== 'baseline' ? { trafficFrom: startedAt } : {}),
  }
  record(phase)
  let enough = await traffic.counting(signal)
  let failed: unknown
  for (const step of planned.steps) {
    log.started(step.name, Date.now())
    traffic.note('', `${id}: ${step.name}`)
    failed = await step.run(lab, signal).then(
      () => undefined,
      (error: unknown) => error,
    )
    log.ended(step.name, Date.now(), failed === undefined ? 'pass' : signal.aborted ? 'not-run' : 'fail', failed)
    phase.done = log.all()
    signal.throwIfAborted()
    if (failed !== undefined) break
  }
  if (after && (failed === undefined || kind !== 'baseline')) {
    if (phase.trafficFrom === undefined) {
      phase.trafficFrom = Date.now()
      enough = await traffic.counting(signal)
    }
    phase.checks = await ask(after, 'undisturbing')
    // A check’s visitor may still be on its way out, with a proxy that it chose itself.
    phase.releases = (await Promise.all(lab.clusters.map(runningReleases)))
      .flat()
      .filter(({ workload }) => !workload.startsWith(visitorPrefix))
    if (failed === undefined && phase.checks.every(({ verdict }) => verdict !== 'fail')) await enough()
  }
  phase.complete = true
  phase.endedAt = Date.now()
  record(phase)
  return { phase, failed }
}
