import { notApplicable, type Check } from '#checks/check.ts'
import type { FindingCode } from '#diagnosis/findings.ts'
import type { Fault } from './fault.ts'
import type { TopologyPlan } from '#run/plan.ts'
import { hasExternalControlPlane } from '#topology/roles.ts'
import type { Topology } from '#topology/topology-file.ts'

/** The faults that one lab shows. */
export type Assignment = { plan: TopologyPlan; faults: Fault[] }

/** The ids of the checks that must notice a fault in a topology: those that apply to it. */
export const noticing = ({ turnsRed }: Fault, topology: Topology, checks: readonly Check[]): string[] =>
  checks.filter((check) => check.id in turnsRed && notApplicable(check, topology) === undefined).map(({ id }) => id)

/** The code that a diagnosis of a topology must name for a fault; undefined where the fault asks for no diagnosis. */
export const diagnosedIn = ({ diagnosed, diagnosedWhere }: Fault, topology: Topology): FindingCode | undefined =>
  (diagnosedWhere?.(topology) ?? true) === true ? diagnosed : undefined

/**
 * True where a fault can happen and one of its checks, or a diagnosis if it has no checks, can notice. Faults expect
 * istiod in the primary, so none is shown with an external control plane.
 */
export const canBeShown = (fault: Fault, topology: Topology, checks: readonly Check[]): boolean =>
  !hasExternalControlPlane(topology) &&
  (fault.applies?.(topology) ?? true) === true &&
  (Object.keys(fault.turnsRed).length > 0
    ? noticing(fault, topology, checks).length > 0
    : diagnosedIn(fault, topology) !== undefined)

/**
 * Spreads faults over labs. Each fault goes to a lab that can show it; among several, to the lab with the fewest
 * faults. `requested` are the variants that the options name. `fallback` are further variants, used only for faults
 * that no requested variant can show. `unshown` are the faults that no lab can show.
 */
export const assign = (
  faults: readonly Fault[],
  requested: TopologyPlan[],
  fallback: TopologyPlan[],
  checks: readonly Check[],
): { assignments: Assignment[]; unshown: Fault[] } => {
  const labs = (plans: TopologyPlan[]): Assignment[] => plans.map((plan) => ({ plan, faults: [] }))
  const [requestedLabs, fallbackLabs] = [labs(requested), labs(fallback)]
  const placesOf = (fault: Fault, among: Assignment[]): Assignment[] => {
    const places = among.filter(({ plan }) => canBeShown(fault, plan.topology, checks))
    // A lab in which a diagnosis must name the fault as well proves more.
    const diagnosed = places.filter(({ plan }) => diagnosedIn(fault, plan.topology) !== undefined)
    return diagnosed.length > 0 ? diagnosed : places
  }
  const unshown: Fault[] = []
  // Faults with the fewest possible labs come first; the others fill up the rest.
  for (const fault of faults.toSorted(
    (a, b) => placesOf(a, requestedLabs).length - placesOf(b, requestedLabs).length,
  )) {
    const places = placesOf(fault, requestedLabs)
    const [least] =
      places.length > 0 ? places.toSorted((a, b) => a.faults.length - b.faults.length) : placesOf(fault, fallbackLabs)
    if (least) least.faults.push(fault)
    else unshown.push(fault)
  }
  const assignments = [...requestedLabs, ...fallbackLabs].filter((lab) => lab.faults.length > 0)
  return {
    assignments: assignments.map(({ plan, faults: assigned }) => ({
      plan,
      faults: faults.filter((fault) => assigned.includes(fault)),
    })),
    unshown,
  }
}
