import type { Check } from '#checks/check.ts'
import { variantName } from '#results/results.ts'
import { catalogue } from '#run/catalogue.ts'
import type { RunOptions } from '#run/options.ts'
import { makePlans, selectChecks } from '#run/plan.ts'
import { faults as knownFaults } from '../../../fixtures/faults/index.ts'
import { assign, type Assignment } from './assign.ts'
import type { Fault } from './fault.ts'

/** What is proven: which faults in which labs, by which checks. */
export type ProofPlan = {
  /** The checks that are run: also those of layers below the selected ones. */
  checks: readonly Check[]
  selected: (id: string) => boolean
  /** The faults of the selected checks, and those of them that can happen in no lab. */
  wanted: readonly Fault[]
  unshown: readonly Fault[]
  assignments: Assignment[]
}

/**
 * Spreads the faults of the selected checks over labs. With several topologies each fault is shown once; with one,
 * everything that can happen there is.
 * @throws MeshproofError as makePlans and selectChecks do.
 */
export const planProofs = async ({
  suite,
  topology,
  mtls,
  istioNamespace,
}: Pick<RunOptions, 'suite' | 'topology' | 'mtls' | 'istioNamespace'>): Promise<ProofPlan> => {
  const selected = selectChecks(suite, catalogue)
  // What disrupts is proven where it was asked for, and what belongs to upgrades by faulty ones; the checks of the
  // layers below are always asked.
  const checks = catalogue.filter(({ id, disrupts, upgrade }) => !upgrade && (!disrupts || selected(id)))
  const patterns = ['*', ...checks.filter(({ disrupts }) => disrupts).map(({ id }) => id)]
  const plans = await makePlans(topology, patterns, checks, mtls, istioNamespace)
  // What no check notices is nothing that --suite could select.
  const wanted = knownFaults.filter(({ turnsRed }) =>
    Object.keys(turnsRed).length === 0 ? suite.length === 0 : Object.keys(turnsRed).some(selected),
  )
  const others =
    mtls === undefined && plans.length > 1 ? await makePlans(topology, patterns, checks, 'off', istioNamespace) : []
  return { checks, selected, wanted, ...assign(wanted, plans, others, checks) }
}

/** What a plan comes to, a line for each lab, and one for the faults that can happen in none. */
export const proofPlanLines = ({ assignments, unshown }: ProofPlan): string[] => {
  const names = (faults: readonly Fault[]): string => faults.map(({ name }) => name).join(', ')
  return [
    ...assignments.map(({ plan, faults }) => `${variantName(plan.topology)}: ${names(faults)}`),
    ...(unshown.length > 0 ? [`cannot happen here: ${names(unshown)}`] : []),
  ]
}
