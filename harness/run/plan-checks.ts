import type { MeshShape } from '#topology/topology-file.ts'
import { notSelected, type CheckResult } from '#results/results.ts'
import { notApplicable, withheldFrom, type Check, type CheckHead } from '#checks/check.ts'
import type { UpgradeStage, Withheld } from '#checks/target.ts'

/** One check from one cluster (or from all of them): the unit of a result. */
export type PlannedCheck = { id: string; from: string[]; to: string[] }

/**
 * Which checks a mesh gets, from where; and those it does not, with the reason. Those of an upgrade are part of it
 * within one, and those that disrupt where they were selected.
 */
export const planChecks = (
  checks: readonly Check[],
  topology: MeshShape,
  selected: (id: string) => boolean,
  { withheld = {}, upgrade: within }: { withheld?: Withheld; upgrade?: UpgradeStage } = {},
): { planned: PlannedCheck[]; skipped: CheckResult[] } => {
  const names = topology.clusters.map(({ name }) => name)
  const planned: PlannedCheck[] = []
  const skipped: CheckResult[] = []
  for (const check of checks.filter(
    ({ id, upgrade, disrupts }) => (!upgrade || within) && (!disrupts || selected(id)),
  )) {
    const reason =
      notApplicable(check, topology, within) ??
      withheldFrom(check, withheld) ??
      (selected(check.id) ? undefined : notSelected)
    if (reason !== undefined) skipped.push(resultWithout(check, { from: names, to: names }, 'skipped', reason))
    else if (check.from === 'mesh') planned.push({ id: check.id, from: names, to: names })
    else {
      for (const from of topology.clusters) {
        const to = answering(check.to, from, topology.clusters)
        if (to.length > 0) planned.push({ id: check.id, from: [from.name], to })
      }
    }
  }
  return { planned, skipped }
}

const answering = (to: CheckHead['to'], from: MeshShape['clusters'][number], all: MeshShape['clusters']): string[] =>
  all
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

/** What tells one planned check from another. */
export const keyOf = ({ id, from }: Pick<PlannedCheck, 'id' | 'from'>): string => `${id} from ${from.join(', ')}`
