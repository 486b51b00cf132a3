import type { Stage } from '#checks/target.ts'
import type { Observed } from '#commands/upgrade/traffic/traffic.ts'
import { changedDefaults } from '#commands/upgrade/verdict/changed-defaults.ts'
import { compare, type Earlier } from '#commands/upgrade/verdict/compare.ts'
import { judge } from '#commands/upgrade/verdict/judge.ts'
import { latenciesOf } from '#commands/upgrade/verdict/latency.ts'
import { lanesOf } from '#commands/upgrade/verdict/lanes.ts'
import { measure, type Window } from '#commands/upgrade/verdict/measure.ts'
import { stallsOf } from '#commands/upgrade/verdict/stalls.ts'
import { asTopology } from '#commands/upgrade/verdict/verdict.ts'
import type { UpgradeImages } from '#images/images.ts'
import {
  type Budgets,
  type CheckResult,
  clustersOf,
  type Phase,
  type PhaseId,
  type TopologyResult,
  type Upgrade,
  type UpgradePhaseResult,
} from '#results/results.ts'
import type { Topology } from '#topology/topology-file.ts'
import type { PerformedPhase } from './perform-phases.ts'
import type { Strategy, UpgradePhase } from './upgrade-phase.ts'

/**
 * An upgrade so far: the phases that are planned, the phases that have begun, and what its traffic observed.
 */
export type UpgradeSoFar = {
  topology: Topology
  images: UpgradeImages
  /** The versions of Istio that the two releases count as. */
  versions: { from: string; to: string }
  strategy: Strategy
  budgets: Budgets
  planned: readonly UpgradePhase[]
  leftOut: Upgrade['leftOut']
  performed: readonly PerformedPhase[]
  observed: Observed
  earlier: Earlier | undefined
  /** Why the phases that have not begun were not run. */
  unreached: string
}

/** The part of results.json that an upgrade adds, measured and judged. */
const upgradeResult = ({
  topology,
  images,
  versions,
  strategy,
  budgets,
  planned,
  leftOut,
  performed,
  observed,
  earlier,
  unreached,
}: UpgradeSoFar): Upgrade => {
  const versionOf = Object.fromEntries(topology.clusters.map(({ name, version }) => [name, version]))
  const windows = windowsOf(performed)
  const measured = measure(observed.samples, windows, observed.events, versionOf)
  const startedAt = windows[0]?.from ?? Date.now()
  const probes = observed.samples.map(({ probe }) => probe)
  const stages: Partial<Record<PhaseId, Stage>> = Object.fromEntries(
    planned.flatMap(({ id, after }) => (after ? [[id, after]] : [])),
  )
  const judged = judge({
    phases: planned.map((phase) =>
      phaseResult(
        phase,
        performed.find(({ id }) => id === phase.id),
        unreached,
      ),
    ),
    probes,
    measured,
    budgets,
    events: observed.events,
    stalls: stallsOf(observed.samples),
    latencies: latenciesOf(observed.samples, windows, observed.pressure, versionOf),
    stages,
  })
  const upgrade: Upgrade = {
    from: releaseOf(images.from),
    to: releaseOf(images.to),
    strategy,
    budgets,
    ...judged,
    leftOut,
    probes,
    measured,
    timeline: {
      startedAt: new Date(startedAt).toISOString(),
      lanes: lanesOf(observed.samples, startedAt, versionOf),
      events: observed.events,
    },
    ...(observed.overhead ? { overhead: observed.overhead } : {}),
    changedDefaults: changedDefaults(versions.from, versions.to),
  }
  return earlier ? { ...upgrade, compared: { run: earlier.run, worse: compare(earlier.upgrade, upgrade) } } : upgrade
}

/**
 * The result of an upgraded topology. Its checks are those of the last phase that ran checks, or `unchecked`. `phases`
 * are those of its lab. `bundle` is the path of its support bundle.
 */
export const topologyResult = (
  soFar: UpgradeSoFar,
  phases: Phase[],
  unchecked: CheckResult[],
  bundle: string | undefined,
): TopologyResult => {
  const { topology, performed } = soFar
  const upgrade = upgradeResult(soFar)
  return {
    name: topology.name,
    mtls: topology.mtls,
    clusters: clustersOf(topology),
    ...asTopology(upgrade),
    phases,
    upgrade,
    checks: performed.findLast(({ checks }) => checks.length > 0)?.checks ?? unchecked,
    ...(bundle === undefined ? {} : { bundle }),
  }
}

const releaseOf = ({ roles, envoy }: UpgradeImages['from']): Upgrade['from'] => ({ istio: roles['tag'] ?? '', envoy })

/** The traffic of a phase lasts until the next phase begins. There is none before the probes of the baseline run. */
const windowsOf = (performed: readonly PerformedPhase[]): Window[] =>
  performed.flatMap((phase, index) => {
    const { id, kind, trafficFrom, endedAt } = phase
    return trafficFrom === undefined
      ? []
      : [{ phase: id, kind, from: trafficFrom, to: performed[index + 1]?.startedAt ?? endedAt }]
  })

const phaseResult = (
  { id, name, kind }: UpgradePhase,
  performed: PerformedPhase | undefined,
  unreached: string,
): UpgradePhaseResult =>
  performed === undefined
    ? {
        id,
        name,
        kind,
        startedAt: new Date().toISOString(),
        seconds: 0,
        verdict: 'not-run',
        reason: unreached,
        steps: [],
        checks: [],
        releases: [],
      }
    : {
        id,
        name,
        kind,
        startedAt: new Date(performed.startedAt).toISOString(),
        seconds: (performed.endedAt - performed.startedAt) / 1000,
        verdict: performed.complete ? 'pass' : 'not-run',
        reason: performed.complete ? '' : unreached,
        steps: performed.done,
        checks: performed.checks,
        releases: performed.releases,
      }
