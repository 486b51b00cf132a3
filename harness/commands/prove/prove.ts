import { MeshproofError } from '#errors.ts'
import { resolveImageSource } from '#images/versions.ts'
import { newRunId } from '#lab/run-state.ts'
import { makeReportFolder } from '#report/report-folder.ts'
import { showError } from '#report/show-error.ts'
import { about, type Terminal } from '#report/terminal.ts'
import { layers, variantName } from '#results/results.ts'
import { environmentOf } from '#run/environment.ts'
import { failureOf } from '#run/failure-of.ts'
import { forEachLab, type SharedMachine } from '#run/for-each-lab.ts'
import { leaveAtOnce } from '#run/leave-at-once.ts'
import { type LabOrder, openLab } from '#run/open-lab.ts'
import type { RunOptions } from '#run/options.ts'
import { phaseLog } from '#run/phase-log.ts'
import { prepareLabs } from '#run/prepare.ts'
import { print } from '#run/print.ts'
import type { Signals } from '#run/with-reports.ts'
import type { Fault } from './fault.ts'
import type { Proof } from './judge.ts'
import { planProofs, type ProofPlan, proofPlanLines } from './plan-proofs.ts'
import { concludeProofs, proofLine, type Shown } from './proofs.ts'
import { showFaults, type Showing } from './show-faults.ts'

/**
 * Performs `prove` and returns its exit code. It breaks running labs in every known way, and expects each fault to turn
 * its checks red. `suite` selects the checks whose faults are shown. The proof is written even where the run ends
 * early.
 * @throws MeshproofError MP-1xx for a mistake in the options. Rethrows what ended the run early unless that is a
 * MeshproofError, which is printed.
 */
export const prove = async (options: RunOptions, screen: Terminal, { signal, atOnce }: Signals): Promise<number> => {
  const plan = await planProofs(options)
  for (const line of proofPlanLines(plan)) screen.line(line)
  if (options.plan) return 0
  const runId = newRunId()
  const folder = await makeReportFolder(runId, options.reportDir)
  const ids = plan.assignments.map((_, index) => `${runId}-${index + 1}`)
  atOnce(() => leaveAtOnce(ids, screen, () => undefined))

  const shown: Shown = { proofs: [], environment: '' }
  const error = await failureOf(proveInLabs(plan, ids, shown, { ...options, screen, signal }), signal)
  const { proofs, unproven, exitCode } = await concludeProofs(plan, shown, error, folder)

  screen.close()
  if (error instanceof MeshproofError) showError(screen, error)
  else if (error !== undefined) throw error
  if (unproven.length > 0) screen.problem(`not proven: ${unproven.join(', ')}`)
  screen.line(`${proofs.filter(({ verdict }) => verdict === 'detected').length} of ${proofs.length} faults detected`)
  screen.line(`report: ${folder}`)
  if (options.output === 'json') print(proofs)
  return error instanceof MeshproofError ? error.exitCode : exitCode
}

/** Prepares the machine, then shows the faults of every lab. `shown` takes each proof as soon as it is made. */
const proveInLabs = async (
  { assignments, checks }: ProofPlan,
  ids: readonly string[],
  shown: Shown,
  { screen: terminal, signal, ...options }: RunOptions & { screen: Terminal; signal: AbortSignal },
): Promise<void> => {
  const source = await resolveImageSource(options)
  const echo = showsEcho(assignments, checks)
  const { engine, images } = await prepareLabs(source, { ...options, echo }, terminal, signal)
  const { kubernetes, istio, envoy, cpus } = await environmentOf(engine, images)
  shown.environment = `Kubernetes ${kubernetes}, Istio ${istio}, Envoy ${envoy}, ${cpus} cores`
  await forEachLab(assignments, signal, async ({ plan, faults }, index, machine) => {
    const screen = about(terminal, variantName(plan.topology))
    const order = { ...machine, runId: ids[index] ?? '', plan, images, engine, keep: false, reuse: false }
    const proven = (proof: Proof): void => {
      shown.proofs.push(proof)
      screen.line(proofLine(proof))
    }
    const { signal: stop } = machine
    await proveInLab({ ...order, terminal: screen }, faults, {
      plan,
      checks,
      timeout: options.timeout,
      terminal: screen,
      signal: stop,
      proven,
    })
  })
}

/** Waits for its turn, brings a lab up, and shows faults in it. */
const proveInLab = async (order: LabOrder & SharedMachine, faults: Fault[], showing: Showing): Promise<void> => {
  await using lab = openLab(order, phaseLog(order.terminal))
  using turn = await order.turns.take(order.signal)
  await lab.bringUp()
  // Labs are brought up one at a time, but run checks side by side: a check on a broken mesh mostly waits.
  turn.passOn()
  await showFaults(lab, faults, showing)
}

/** True where a fault is noticed by a check that asks echo, or by one of a layer above such checks. */
const showsEcho = (assignments: ProofPlan['assignments'], checks: ProofPlan['checks']): boolean => {
  const from = Math.min(
    ...checks.filter(({ needs }) => needs?.includes('echo')).map(({ layer }) => layers.indexOf(layer)),
  )
  const noticing = new Set(assignments.flatMap(({ faults }) => faults.flatMap(({ turnsRed }) => Object.keys(turnsRed))))
  return checks.some(({ id, layer }) => noticing.has(id) && layers.indexOf(layer) >= from)
}
