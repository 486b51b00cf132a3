import type { TopologyFile } from '../plan/topology-file.ts'
import type { CheckResult } from '../report/results.ts'
import { notApplicable, type Check, type CheckHead } from './catalogue.ts'

/** One check from one cluster (or from all of them): the unit of a result. */
export type PlannedCheck = { id: string; from: string[]; to: string[] }

/** Which checks a topology gets, from where; and those it does not, with the reason. */
export const planChecks = (
  checks: readonly Check[],
  topology: TopologyFile,
  selected: (id: string) => boolean,
): { planned: PlannedCheck[]; skipped: CheckResult[] } => {
  const names = topology.clusters.map(({ name }) => name)
  const planned: PlannedCheck[] = []
  const skipped: CheckResult[] = []
  for (const check of checks) {
    const reason = notApplicable(check, topology) ?? (selected(check.id) ? undefined : 'not selected by --suite')
    if (reason !== undefined) skipped.push(resultWithout(check, { from: names, to: names }, 'skipped', reason))
    else if (check.from === 'mesh') planned.push({ id: check.id, from: names, to: names })
    else for (const from of names) planned.push({ id: check.id, from: [from], to: check.to === 'own' ? [from] : check.to === 'others' ? names.filter((name) => name !== from) : names })
  }
  return { planned, skipped }
}

/** A result for a check that was not run: no attempts, and a reason. */
export const resultWithout = (
  { id, layer, title, source }: CheckHead,
  { from, to }: { from: string[]; to: string[] },
  verdict: 'skipped' | 'not-run',
  reason: string,
): CheckResult => ({ id, layer, title, from, to, verdict, reason, source, attempts: [] })

/** What tells one planned check from another. */
export const keyOf = ({ id, from }: Pick<PlannedCheck, 'id' | 'from'>): string => `${id} from ${from.join(', ')}`
