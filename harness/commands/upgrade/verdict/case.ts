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
import { type Stall, stallsIn } from './stalls.ts'

/** What an upgrade is judged by. */
export type Case = {
  /**
   * All that were planned, in their order; one whose verdict is `not-run` keeps that and its reason, of the others both
   * are found here.
   */
  phases: readonly UpgradePhaseResult[]
  probes: readonly Probe[]
  measured: readonly Measured[]
  budgets: Budgets
  events: readonly UpgradeEvent[]
  stalls: readonly Stall[]
  /** What was to hold after each phase. */
  stages: Partial<Record<PhaseId, Stage>>
}

/** One phase, with what its probes saw. */
export type PhaseCase = Case & {
  phase: UpgradePhaseResult
  seen: { probe: Probe; measured: Measured; baseline: Measured | undefined }[]
}

/** What one probe saw in the phase, and at the baseline. */
export type Seen = PhaseCase['seen'][number]

/*
 * Phases that restart no proxy on the way of a request, and so may lose no request (facts of upgrades, “Verdict”:
 * pure control-plane phases). Removing the old revision, rotating a remote secret and rotating the certificate
 * authority are of this kind too: their changes reach proxies as configuration alone, and nothing depends on the old
 * control plane by then. A rollback is of another kind: it installs gateways and restarts workloads again.
 */
const pure: readonly PhaseKind[] = ['control-plane', 'removal', 'secrets', 'trust']

/** Whether a phase restarts no proxy that a request passes. */
export const isPure = (kind: PhaseKind): boolean => pure.includes(kind)

/**
 * What a probe lost and no stall of its hosts explains: how many, and those of them that are told one by one. `excused`
 * are the others. Of more losses than are told one by one, the rest counts as unexplained: a stall is too short for so
 * many.
 */
export const lostOf = (
  { probe, measured }: Seen,
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
export const breaksOf = ({ probe, measured }: Seen, stalls: readonly Stall[]): StreamBreak[] =>
  measured.streamBreaks.filter(
    ({ at, gapMilliseconds }) =>
      stallsIn(stalls, [probe.from, probe.to], Date.parse(at), Date.parse(at) + gapMilliseconds).length === 0,
  )
