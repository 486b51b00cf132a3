import { notApplicable, type Check } from '#checks/check.ts'
import type { FindingCode } from '#diagnosis/findings.ts'
import type { Fault } from './fault.ts'
import type { TopologyPlan } from '#run/plan.ts'
import type { Topology } from '#topology/topology-file.ts'

/** What is proven in one lab. */
export type Assignment = { plan: TopologyPlan; faults: Fault[] }

/** The checks of a fault that apply to a topology. */
export const noticing = ({ turnsRed }: Fault, topology: Topology, checks: readonly Check[]): string[] =>
  checks.filter((check) => check.id in turnsRed && notApplicable(check, topology) === undefined).map(({ id }) => id)

/** What a diagnosis of a topology must name, if the fault is one for it there. */
export const diagnosedIn = ({ diagnosed, diagnosedWhere }: Fault, topology: Topology): FindingCode | undefined =>
  (diagnosedWhere?.(topology) ?? true) === true ? diagnosed : undefined

/** True where a fault can happen and one of its checks can notice; a fault without checks, where a diagnosis can. */
export const canBeShown = (fault: Fault, topology: Topology, checks: readonly Check[]): boolean =>
  (fault.applies?.(topology) ?? true) === true &&
  (Object.keys(fault.turnsRed).length > 0
    ? noticing(fault, topology, checks).length > 0
    : diagnosedIn(fault, topology) !== undefined)

/**
 * Spreads faults over labs: each to the lab, among those it can be shown in, that has the fewest so far. `others` are
 * variants that nobody asked for, taken for what no asked-for one can show. Returned as well: the faults that can be
 * shown nowhere.
 */
export const assign = (
  faults: readonly Fault[],
  asked: TopologyPlan[],
  others: TopologyPlan[],
  checks: readonly Check[],
): { assignments: Assignment[]; unshown: Fault[] } => {
  const labs = (plans: TopologyPlan[]): Assignment[] => plans.map((plan) => ({ plan, faults: [] }))
  const [first, second] = [labs(asked), labs(others)]
  const placesOf = (fault: Fault, among: Assignment[]): Assignment[] => {
    const places = among.filter(({ plan }) => canBeShown(fault, plan.topology, checks))
    // Where it is one for a diagnosis, too, it proves more.
    const diagnosed = places.filter(({ plan }) => diagnosedIn(fault, plan.topology) !== undefined)
    return diagnosed.length > 0 ? diagnosed : places
  }
  const unshown: Fault[] = []
  // The most particular first: what can be shown anywhere fills up the rest.
  for (const fault of faults.toSorted((a, b) => placesOf(a, first).length - placesOf(b, first).length)) {
    const places = placesOf(fault, first)
    const [least] =
      places.length > 0 ? places.toSorted((a, b) => a.faults.length - b.faults.length) : placesOf(fault, second)
    if (least) least.faults.push(fault)
    else unshown.push(fault)
  }
  const assignments = [...first, ...second].filter((lab) => lab.faults.length > 0)
  return {
    assignments: assignments.map(({ plan, faults: its }) => ({
      plan,
      faults: faults.filter((fault) => its.includes(fault)),
    })),
    unshown,
  }
}
