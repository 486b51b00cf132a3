import type { Seen } from '#commands/upgrade/traffic/traffic.ts'
import { reasonOf } from '#errors.ts'
import type { CheckResult, Phase, TopologyResult, Upgrade } from '#results/results.ts'
import type { PhaseLog } from '#run/phase-log.ts'
import type { PerformedPhase } from './perform-phases.ts'
import type { UpgradePhase } from './upgrade-phase.ts'
import { topologyResult, type UpgradeSoFar } from './upgrade-result.ts'

/** What is known of an upgrade while it is performed. What it takes, it publishes at once. */
export type UpgradeRecord = {
  /** The phases of the lab, in the order in which they ended. */
  phases: PhaseLog
  /** Takes the phases of the upgrade, before the first begins, and those that it has no need of. */
  planned: (phases: readonly UpgradePhase[], leftOut: Upgrade['leftOut']) => void
  /** Takes a phase as it grows. */
  performed: (phase: PerformedPhase) => void
  /** Takes what the traffic saw, and what ended the upgrade early, if anything did. */
  ended: (seen: Seen, error: unknown) => void
  /** Takes the path of the support bundle, where one was written. */
  bundled: (path: string | undefined) => void
  /** True where the verdict is that the upgrade fails, or there is none. */
  wentWrong: () => boolean
  /** The result as it is now. */
  result: () => TopologyResult
  /** Hands the result as it is now to whoever keeps it. */
  publish: () => void
}

/** What an upgrade is before anything of it is performed. */
export type UpgradeBefore = Omit<UpgradeSoFar, 'planned' | 'leftOut' | 'performed' | 'seen' | 'unreached'>

/**
 * A record of an upgrade of which nothing is performed yet. `before` are the phases before the lab’s, `unchecked` the
 * checks as long as none was run.
 */
export const upgradeRecord = (
  upgrade: UpgradeBefore,
  { before, phases, unchecked }: { before: Phase[]; phases: PhaseLog; unchecked: CheckResult[] },
  keep: (result: TopologyResult) => void,
): UpgradeRecord => {
  let bundle: string | undefined
  let soFar: UpgradeSoFar = {
    ...upgrade,
    planned: [],
    leftOut: [],
    performed: [],
    seen: { samples: [], events: [] },
    unreached: 'an earlier phase failed',
  }
  const result = (): TopologyResult => topologyResult(soFar, [...before, ...phases.all()], unchecked, bundle)
  const publish = (): void => {
    keep(result())
  }
  const grow = (more: Partial<UpgradeSoFar>): void => {
    soFar = { ...soFar, ...more }
    publish()
  }
  return {
    phases,
    planned: (planned, leftOut) => {
      grow({ planned, leftOut })
    },
    performed: (phase) => {
      grow({ performed: [...soFar.performed.filter(({ id }) => id !== phase.id), phase] })
    },
    ended: (seen, error) => {
      grow({ seen, ...(error === undefined ? {} : { unreached: reasonOf(error) }) })
    },
    bundled: (path) => {
      bundle = path
      publish()
    },
    wentWrong: () => ['fail', 'not-run'].includes(result().verdict),
    result,
    publish,
  }
}
