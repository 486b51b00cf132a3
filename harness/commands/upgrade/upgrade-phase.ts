import type { Stage } from '#checks/target.ts'
import type { Step } from '#istio/procedure.ts'
import type { Lab } from '#lab/lab.ts'
import type { PhaseId, PhaseKind } from '#results/results.ts'

/** How a control plane is replaced: in place, or by a second control plane with another revision. */
export const strategies = ['in-place', 'revision'] as const

/** How an upgrade replaces a control plane. */
export type Strategy = (typeof strategies)[number]

/**
 * A mesh between two releases: the same lab twice, with the images and programs of either release. Both have the same
 * root certificate.
 */
export type UpgradeLab = {
  from: Lab
  to: Lab
  strategy: Strategy
  /** The revision of the new control plane; empty for `in-place`. */
  revision: string
}

/**
 * One phase of an upgrade (facts of upgrades, P0 to P11): its steps in order, and the state `after` them that checks
 * expect. Without `after` no checks run: the preflight comes before there is traffic.
 */
export type UpgradePhase = { id: PhaseId; name: string; kind: PhaseKind; steps: Step[]; after?: Stage }
