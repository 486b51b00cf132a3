import type { MeshShape } from '#topology/topology-file.ts'
import { notSelected, type CheckResult } from '#results/results.ts'
import { notApplicable, whyOnDemand, withheldFrom, type Check, type CheckHead } from '#checks/check.ts'
import type { UpgradeStage, Withheld } from '#checks/target.ts'

/** A check from one cluster, or from all of them. Each has one result. */
export type PlannedCheck = { id: string; from: string[]; to: string[] }

/**
 * Plans the checks of a mesh: from which clusters each check runs, and the reason for each check that does not run.
 * Checks of an upgrade are planned only in an upgrade, and checks that disrupt only where they were selected.
 */
export const planChecks = (
  checks: readonly Check[],
  topology: MeshShape,
  selected: (id: string) => boolean,
  { withheld = {}, upgrade: stage }: { withheld?: Withheld; upgrade?: UpgradeStage } = {},
): { planned: PlannedCheck[]; skipped: CheckResult[] } => {
  const names = topology.clusters.map(({ name }) => name)
  const planned: PlannedCheck[] = []
  const skipped: CheckResult[] = []
  for (const check of checks.filter(
    (head) => (!head.upgrade || stage) && (whyOnDemand(head) === undefined || selected(head.id)),
  )) {
    const reason =
      notApplicable(check, topology, stage) ??
      withheldFrom(check, withheld) ??
      (selected(check.id) ? undefined : notSelected)
    if (reason !== undefined) skipped.push(resultWithout(check, { from: names, to: names }, 'skipped', reason))
    else if (check.from === 'mesh') planned.push({ id: check.id, from: names, to: names })
    else {
      for (const from of topology.clusters) {
        const to = answeringClusters(check.to, from, topology.clusters)
        if (to.length > 0) planned.push({ id: check.id, from: [from.name], to })
      }
    }
  }
  return { planned, skipped }
}

const answeringClusters = (
  to: CheckHead['to'],
  from: MeshShape['clusters'][number],
  clusters: MeshShape['clusters'],
): string[] =>
  clusters
    .filter((peer) => {
      if (to === undefined) return true
      if (to === 'own' || peer === from) return to === 'own' && peer === from
      return (to === 'same network') === (peer.network === from.network)
    })
    .map(({ name }) => name)

/** A result for a check that was not run: no attempts, and a reason. */
export const resultWithout = (
  { id, layer, title, source }: CheckHead,
  { from, to }: { from: string[]; to: string[] },
  verdict: 'skipped' | 'not-run',
  reason: string,
): CheckResult => ({ id, layer, title, from, to, verdict, reason, source, attempts: [] })

/** The key that identifies a planned check. */
export const keyOf = ({ id, from }: Pick<PlannedCheck, 'id' | 'from'>): string => `${id} from ${from.join(', ')}`
