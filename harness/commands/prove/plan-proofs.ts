import { type Check, whyOnDemand } from '#checks/check.ts'
import { variantName } from '#results/results.ts'
import { catalogue } from '#run/catalogue.ts'
import type { RunOptions } from '#run/options.ts'
import { makePlans, selectChecks } from '#run/plan.ts'
import { refuseExternal } from '#run/refuse-external.ts'
import { faults as usualFaults, gatewayApiFaults } from '../../../fixtures/faults/index.ts'
import { assign, type Assignment } from './assign.ts'
import type { Fault } from './fault.ts'

/** Which faults are shown in which labs, and which checks run there. */
export type ProofPlan = {
  /** The checks that run: the selected ones, and those of the layers below. */
  checks: readonly Check[]
  selected: (id: string) => boolean
  /** The faults of the selected checks. */
  wanted: readonly Fault[]
  /** The faults among these that no lab can show. */
  unshown: readonly Fault[]
  assignments: Assignment[]
}

/**
 * Spreads the faults of the selected checks over labs. Each fault is shown in one lab.
 * @throws MeshproofError as makePlans and selectChecks do, MP-138 where every topology has an external control plane.
 */
export const planProofs = async (
  options: Pick<RunOptions, 'suite' | 'topology' | 'mtls' | 'istioNamespace' | 'installer' | 'gateways'>,
): Promise<ProofPlan> => {
  const { suite, topology, mtls, gateways } = options
  const selected = selectChecks(suite, catalogue)
  // Checks on demand run only where --suite selects them. Faulty upgrades prove the checks of upgrades. The checks of
  // the layers below always run.
  const checks = catalogue.filter((head) => !head.upgrade && (whyOnDemand(head) === undefined || selected(head.id)))
  const patterns = ['*', ...checks.filter((head) => whyOnDemand(head) !== undefined).map(({ id }) => id)]
  const plans = await makePlans(topology, patterns, checks, options)
  refuseExternal('prove', plans)
  // --suite cannot select a fault that no check notices.
  const knownFaults = gateways === 'gateway-api' ? [...usualFaults, ...gatewayApiFaults] : usualFaults
  const wanted = knownFaults.filter(({ turnsRed }) =>
    Object.keys(turnsRed).length === 0 ? suite.length === 0 : Object.keys(turnsRed).some(selected),
  )
  const fallback =
    mtls === undefined && plans.length > 1
      ? await makePlans(topology, patterns, checks, { ...options, mtls: 'off' })
      : []
  return { checks, selected, wanted, ...assign(wanted, plans, fallback, checks) }
}

/** A plan as text: a line for each lab, and a line for the faults that no lab can show. */
export const proofPlanLines = ({ assignments, unshown }: ProofPlan): string[] => {
  const names = (faults: readonly Fault[]): string => faults.map(({ name }) => name).join(', ')
  return [
    ...assignments.map(({ plan, faults }) => `${variantName(plan.topology)}: ${names(faults)}`),
    ...(unshown.length > 0 ? [`cannot happen here: ${names(unshown)}`] : []),
  ]
}
