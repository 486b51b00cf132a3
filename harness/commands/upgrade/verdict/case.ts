import type { Stage } from '#checks/target.ts'
import type {
  Budgets,
  Loss,
  Measured,
  PhaseId,
  PhaseKind,
  Probe,
  StreamBreak,
  UpgradeEvent,
  UpgradePhaseResult,
} from '#results/results.ts'
import type { Latency } from './latency.ts'
import { type Stall, stallsIn } from './stalls.ts'

/** The evidence by which an upgrade is judged. */
export type Case = {
  /**
   * Every planned phase, in order. A phase with the verdict `not-run` keeps it and its reason. Judging gives the other
   * phases their verdict and reason.
   */
  phases: readonly UpgradePhaseResult[]
  probes: readonly Probe[]
  measured: readonly Measured[]
  budgets: Budgets
  events: readonly UpgradeEvent[]
  stalls: readonly Stall[]
  latencies: readonly Latency[]
  /** The stage that must hold after each phase. */
  stages: Partial<Record<PhaseId, Stage>>
}

/** One phase, with the observations of its probes. */
export type PhaseCase = Case & {
  phase: UpgradePhaseResult
  observations: Observation[]
}

/** The figures of one probe in the phase, and in the baseline. */
export type Observation = { probe: Probe; measured: Measured; baseline: Measured | undefined }

/*
 * Phases that restart no proxy that a request passes, and so may lose no request (facts of upgrades, “Verdict”:
 * pure control-plane phases). They include the removal of the old revision and the rotation of remote secrets and of
 * the certificate authority: these reach proxies as configuration alone, and nothing depends on the old control plane
 * any more. A rollback is not pure: it installs gateways and restarts workloads again.
 */
const pure: readonly PhaseKind[] = ['control-plane', 'removal', 'secrets', 'trust']

/** Whether a phase restarts no proxy that a request passes. */
export const isPure = (kind: PhaseKind): boolean => pure.includes(kind)

/**
 * The losses of a probe that no stall of its hosts explains: their `count`, and the `losses` among them that are listed
 * one by one. `excused` is how many losses a stall explains. Losses that are not listed count as unexplained, since a
 * stall is too short for so many.
 */
export const lostOf = (
  { probe, measured }: Observation,
  stalls: readonly Stall[],
): { count: number; losses: Loss[]; excused: number } => {
  if (probe.expects === 'refusal' || probe.kind === 'outside') return { count: 0, losses: [], excused: 0 }
  const losses = measured.losses.filter(
    ({ at, milliseconds }) =>
      stallsIn(stalls, [probe.from, probe.to], Date.parse(at), Date.parse(at) + milliseconds).length === 0,
  )
  const excused = measured.losses.length - losses.length
  return { count: measured.lost - excused, losses, excused }
}

/** The breaks of a long answer that no stall explains. */
export const breaksOf = ({ probe, measured }: Observation, stalls: readonly Stall[]): StreamBreak[] =>
  measured.streamBreaks.filter(
    ({ at, gapMilliseconds }) =>
      stallsIn(stalls, [probe.from, probe.to], Date.parse(at), Date.parse(at) + gapMilliseconds).length === 0,
  )
