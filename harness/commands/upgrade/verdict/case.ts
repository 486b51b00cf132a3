import type { Budgets, Measured, PhaseId, PhaseKind, Probe, UpgradeEvent, UpgradePhaseResult } from '#results/results.ts'
import type { Stall } from './stalls.ts'
import type { Stage } from '#commands/upgrade/upgrade-phase.ts'

/** What an upgrade is judged by. */
export type Case = {
  /** All that were planned, in their order; one whose verdict is `not-run` keeps that and its reason, of the others both are found here. */
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
export type PhaseCase = Case & { phase: UpgradePhaseResult; seen: { probe: Probe; measured: Measured; baseline: Measured | undefined }[] }

/** What one probe saw in the phase, and at the baseline. */
export type Seen = PhaseCase['seen'][number]

/*
 * Phases that restart no proxy that a request passes, and so may lose none (facts of upgrades, “Verdict”: pure control-plane phases). Removing the old
 * revision, rotating a remote secret and rotating the certificate authority are of that kind too: what they change reaches proxies as configuration
 * alone, and by then nothing depends on the old control plane. A rollback is not: it installs gateways and restarts workloads again.
 */
const pure: readonly PhaseKind[] = ['control-plane', 'removal', 'secrets', 'trust']

/** Whether a phase restarts no proxy that a request passes. */
export const isPure = (kind: PhaseKind): boolean => pure.includes(kind)
