import type { Observed } from '#commands/upgrade/traffic/traffic.ts'
import { reasonOf } from '#errors.ts'
import type { MeshDiagnosis } from '#results/mesh-diagnosis.ts'
import type { CheckResult, Phase, TopologyResult, Upgrade } from '#results/results.ts'
import type { PhaseLog } from '#run/phase-log.ts'
import type { PerformedPhase } from './perform-phases.ts'
import type { UpgradePhase } from './upgrade-phase.ts'
import { topologyResult, type UpgradeSoFar } from './upgrade-result.ts'

/** What is known of an upgrade while it is performed. Each change is published at once. */
export type UpgradeRecord = {
  /** The phases of the lab, in the order in which they ended. */
  phases: PhaseLog
  /** Takes the planned phases before the first begins, and the phases that are left out. */
  planned: (phases: readonly UpgradePhase[], leftOut: Upgrade['leftOut']) => void
  /** Takes a phase, each time more of it is done. */
  performed: (phase: PerformedPhase) => void
  /** Takes what the traffic observed, and the error that ended the upgrade early, or undefined. */
  ended: (observed: Observed, error: unknown) => void
  /** Takes the diagnosis of the mesh, or undefined where none was made. */
  diagnosed: (diagnosis: MeshDiagnosis | undefined) => void
  /** Takes the path of the support bundle, or undefined where none was written. */
  bundled: (path: string | undefined) => void
  /** True once the phases are planned, which means that the lab is up. */
  wasBegun: () => boolean
  /** True where the verdict is `fail` or `not-run`. */
  wentWrong: () => boolean
  /** The result so far. */
  result: () => TopologyResult
  /** Passes the result so far to the function that keeps it. */
  publish: () => void
}

/** What is known of an upgrade before its first phase. */
export type UpgradeBefore = Omit<UpgradeSoFar, 'planned' | 'leftOut' | 'performed' | 'observed' | 'unreached'>

/**
 * A record of an upgrade that has not begun. `before` are the phases before those of the lab. `unchecked` are the
 * results of the checks until the first checks have run. `keep` takes the result each time it changes.
 */
export const upgradeRecord = (
  upgrade: UpgradeBefore,
  { before, phases, unchecked }: { before: Phase[]; phases: PhaseLog; unchecked: CheckResult[] },
  keep: (result: TopologyResult) => void,
): UpgradeRecord => {
  let bundle: string | undefined
  let diagnosis: MeshDiagnosis | undefined
  let soFar: UpgradeSoFar = {
    ...upgrade,
    planned: [],
    leftOut: [],
    performed: [],
    observed: { samples: [], pressure: [], events: [] },
    unreached: 'an earlier phase failed',
  }
  const result = (): TopologyResult => ({
    ...topologyResult(soFar, [...before, ...phases.all()], unchecked, bundle),
    ...(diagnosis === undefined ? {} : { diagnosis }),
  })
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
    ended: (observed, error) => {
      grow({ observed, ...(error === undefined ? {} : { unreached: reasonOf(error) }) })
    },
    diagnosed: (meshDiagnosis) => {
      diagnosis = meshDiagnosis
      publish()
    },
    bundled: (path) => {
      bundle = path
      publish()
    },
    wasBegun: () => soFar.planned.length > 0,
    wentWrong: () => ['fail', 'not-run'].includes(result().verdict),
    result,
    publish,
  }
}
