import type { Lab } from '#lab/lab.ts'
import type { Step } from '#istio/procedure.ts'
import type { PhaseId, PhaseKind } from '#results/results.ts'

/** How a control plane is replaced: where it stands, or by a second one of another revision that workloads move to. */
export const strategies = ['in-place', 'revision'] as const
export type Strategy = typeof strategies[number]

/** A mesh between two releases: two handles of the same lab, one with the images and programs of each; both have the same root. */
export type UpgradeLab = {
  from: Lab
  to: Lab
  strategy: Strategy
  /** What the new control plane is called under `revision`, and nothing in place. */
  revision: string
}

/** What proxies of one kind in one cluster must be after a phase: the release’s name, its Envoy, and the control plane’s revision (`default` without one). */
export type Expected = { istio: string; envoy: string; revision: string }

/** What holds once a phase is over; the checks of an upgrade compare the mesh with it. It is data. */
export type Stage = {
  phase: PhaseId
  /** The revisions that run a control plane, by cluster: none in a remote one. */
  controlPlanes: Record<string, Expected[]>
  /** What workloads that are restarted with the upgrade, and gateways, run; by cluster. Gateways only where there are any. */
  workloads: Record<string, Expected>
  gateways: Record<string, Expected>
  gatewayReplicas: number
}

/** One phase of an upgrade (facts of upgrades, P0 to P11): what is done, in order, and what holds afterwards; before there is traffic, nothing is asked. */
export type UpgradePhase = { id: PhaseId; name: string; kind: PhaseKind; steps: Step[]; after?: Stage }
