import type { Stage } from '#checks/target.ts'
import type { Step } from '#istio/procedure.ts'
import type { Lab } from '#lab/lab.ts'
import type { PhaseId, PhaseKind } from '#results/results.ts'

/** How a control plane is replaced: where it stands, or by a second one of another revision that workloads move to. */
export const strategies = ['in-place', 'revision'] as const
export type Strategy = (typeof strategies)[number]

/**
 * A mesh between two releases: two handles of the same lab, one with the images and programs of each; both have the
 * same root.
 */
export type UpgradeLab = {
  from: Lab
  to: Lab
  strategy: Strategy
  /** What the new control plane is called under `revision`, and nothing in place. */
  revision: string
}

/**
 * One phase of an upgrade (facts of upgrades, P0 to P11): what is done, in order, and what holds afterwards; before
 * there is traffic, nothing is asked.
 */
export type UpgradePhase = { id: PhaseId; name: string; kind: PhaseKind; steps: Step[]; after?: Stage }
