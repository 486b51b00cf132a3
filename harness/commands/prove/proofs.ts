import { reasonOf } from '#errors.ts'
import { writeWhole } from '#results/write-whole.ts'
import { faults as usualFaults, gatewayApiFaults } from '../../../fixtures/faults/index.ts'
import type { Proof } from './judge.ts'
import type { ProofPlan } from './plan-proofs.ts'
import { proofPage, unproven } from './table.ts'

/** The proofs so far, and the environment in words: versions and machine; empty until they are known. */
export type Shown = { proofs: Proof[]; environment: string }

/** The proofs of a run, the checks that remain unproven, and the exit code. */
export type Concluded = { proofs: Proof[]; unproven: string[]; exitCode: number }

/**
 * Writes proof.json and proof.md. The exit code is 1 where a fault was missed, otherwise 2 where a fault or a check was
 * not shown, otherwise 0. A fault that the run did not reach is `not-run`; if `error` ended the run, that is the
 * reason.
 */
export const concludeProofs = async (
  plan: ProofPlan,
  { proofs: shown, environment }: Shown,
  error: unknown,
  folder: string,
): Promise<Concluded> => {
  const reached = [...shown, ...notReached(plan, shown, error)]
  const known = [...usualFaults, ...gatewayApiFaults]
  const proofs = known.flatMap(({ name }) => reached.filter(({ fault }) => fault === name))
  const selected = plan.checks.filter(({ id }) => plan.selected(id))
  await writeWhole(`${folder}/proof.json`, `${JSON.stringify(proofs, null, 2)}\n`)
  await writeWhole(`${folder}/proof.md`, proofPage(proofs, selected, environment))
  const open = unproven(proofs, provable(plan))
  const complete = error === undefined && open.length === 0 && proofs.every(({ verdict }) => verdict !== 'not-run')
  const missed = proofs.some(({ verdict }) => verdict === 'missed')
  return { proofs, unproven: open, exitCode: missed ? 1 : complete ? 0 : 2 }
}

const notReached = ({ assignments }: ProofPlan, shown: readonly Proof[], error: unknown): Proof[] =>
  assignments.flatMap(({ plan, faults }) =>
    faults
      .filter(({ name }) => !shown.some(({ fault }) => fault === name))
      .map(({ name, breaks }) => ({
        fault: name,
        breaks,
        topology: plan.topology.name,
        mtls: plan.topology.mtls,
        verdict: 'not-run',
        reason: error === undefined ? 'it was not reached' : reasonOf(error),
        red: [],
        seconds: 0,
        results: [],
      })),
  )

/** The checks that some fault can turn red in one of the labs. */
const provable = ({ checks, wanted, unshown }: ProofPlan): ProofPlan['checks'] => {
  const showable = wanted.filter((fault) => !unshown.includes(fault))
  return checks.filter(({ id }) => showable.some(({ turnsRed }) => id in turnsRed))
}

/** One fault in one line: whether it was detected, and what turned red. */
export const proofLine = ({ fault, verdict, reason, red, diagnosed, seconds }: Proof): string => {
  const noticed = [
    ...red.map(({ check, code }) => `${check} ${code}`),
    ...(diagnosed ? [`diagnosed ${diagnosed.named.join(' ')}`] : []),
  ]
  return (
    `${verdict === 'detected' ? '✓' : '✗'} ${fault}  ${noticed.join(', ') || 'nothing turned red'}  ` +
    `${seconds.toFixed(0)} s${reason ? `  ${reason}` : ''}`
  )
}
