import { reasonOf } from '#errors.ts'
import { writeWhole } from '#results/write-whole.ts'
import { faults as knownFaults } from '../../../fixtures/faults/index.ts'
import type { Proof } from './judge.ts'
import type { ProofPlan } from './plan-proofs.ts'
import { proofPage, unproven } from './table.ts'

/** What was shown so far, and where: versions and machine, once they are known. */
export type Shown = { proofs: Proof[]; environment: string }

/** What proving came to. */
export type Concluded = { proofs: Proof[]; unproven: string[]; exitCode: number }

/**
 * Writes proof.json and proof.md, and says what proving came to: 1 where a fault was missed, 2 where anything was not
 * shown, 0 where every fault was detected. A fault that was not reached is `not-run`, because of `error` where it ended
 * the run.
 */
export const concludeProofs = async (
  plan: ProofPlan,
  { proofs: shown, environment }: Shown,
  error: unknown,
  folder: string,
): Promise<Concluded> => {
  const reached = [...shown, ...notReached(plan, shown, error)]
  const proofs = knownFaults.flatMap(({ name }) => reached.filter(({ fault }) => fault === name))
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

/** The checks that a fault which can happen somewhere turns red. */
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
