import type { Stage } from '#checks/target.ts'
import type { Seen } from '#commands/upgrade/traffic/traffic.ts'
import { changedDefaults } from '#commands/upgrade/verdict/changed-defaults.ts'
import { compare, type Earlier } from '#commands/upgrade/verdict/compare.ts'
import { judge } from '#commands/upgrade/verdict/judge.ts'
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
 * What an upgrade has come to, so far: the phases that were planned, those that were begun, and what its traffic saw.
 */
export type UpgradeSoFar = {
  topology: Topology
  images: UpgradeImages
  /** The versions of Istio that the two count as. */
  versions: { from: string; to: string }
  strategy: Strategy
  budgets: Budgets
  planned: readonly UpgradePhase[]
  leftOut: Upgrade['leftOut']
  performed: readonly PerformedPhase[]
  seen: Seen
  earlier: Earlier | undefined
  /** Why the phases that were not begun were not. */
  unreached: string
}

/** The part of results.json that an upgrade adds: measured, judged, and ready to be told. */
const upgradeResult = ({
  topology,
  images,
  versions,
  strategy,
  budgets,
  planned,
  leftOut,
  performed,
  seen,
  earlier,
  unreached,
}: UpgradeSoFar): Upgrade => {
  const versionOf = Object.fromEntries(topology.clusters.map(({ name, version }) => [name, version]))
  const windows = windowsOf(performed)
  const measured = measure(seen.samples, windows, seen.events, versionOf)
  const startedAt = windows[0]?.from ?? Date.now()
  const probes = seen.samples.map(({ probe }) => probe)
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
    events: seen.events,
    stalls: stallsOf(seen.samples),
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
      lanes: lanesOf(seen.samples, startedAt, versionOf),
      events: seen.events,
    },
    ...(seen.overhead ? { overhead: seen.overhead } : {}),
    changedDefaults: changedDefaults(versions.from, versions.to),
  }
  return earlier ? { ...upgrade, compared: { run: earlier.run, worse: compare(earlier.upgrade, upgrade) } } : upgrade
}

/**
 * An upgraded topology’s result: its checks are those after the last phase that was asked, or `unasked`. `phases` are
 * those of its lab, `bundle` where its support bundle is.
 */
export const topologyResult = (
  soFar: UpgradeSoFar,
  phases: Phase[],
  unasked: CheckResult[],
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
    checks: performed.findLast(({ checks }) => checks.length > 0)?.checks ?? unasked,
    ...(bundle === undefined ? {} : { bundle }),
  }
}

const releaseOf = ({ roles, envoy }: UpgradeImages['from']): Upgrade['from'] => ({ istio: roles['tag'] ?? '', envoy })

/** A phase’s traffic goes on until the next begins. There is none before the baseline’s probes are there. */
const windowsOf = (performed: readonly PerformedPhase[]): Window[] =>
  performed.flatMap((phase, index) => {
    const { id, trafficFrom, endedAt } = phase
    return trafficFrom === undefined
      ? []
      : [{ phase: id, from: trafficFrom, to: performed[index + 1]?.startedAt ?? endedAt }]
  })

const phaseResult = (
  { id, name, kind }: UpgradePhase,
  done: PerformedPhase | undefined,
  unreached: string,
): UpgradePhaseResult =>
  done === undefined
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
        startedAt: new Date(done.startedAt).toISOString(),
        seconds: (done.endedAt - done.startedAt) / 1000,
        verdict: done.complete ? 'pass' : 'not-run',
        reason: done.complete ? '' : unreached,
        steps: done.done,
        checks: done.checks,
        releases: done.releases,
      }
