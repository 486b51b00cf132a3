import { labTarget } from '#checks/lab-target.ts'
import { labData } from '#lab/lab.ts'
import { labSource } from '#report/bundle/collect.ts'
import { askWorkloads } from '#run/ask-workloads.ts'
import { failureOf } from '#run/failure-of.ts'
import type { SharedMachine } from '#run/for-each-lab.ts'
import { contextsOf, lookAtMesh } from '#run/look-at-mesh.ts'
import { type LabOrder, openLab, type OpenLab } from '#run/open-lab.ts'
import { type BundlePlace, supportBundle } from '#run/support-bundle.ts'
import { type Checking, checkMesh } from './check-mesh.ts'
import type { MeshRecord } from './mesh-record.ts'

/** The test of one topology: its lab, and how its checks are run, if they are. */
export type LabTest = LabOrder & Checking & SharedMachine & { withChecks: boolean; bundle: BundlePlace }

/**
 * Tests one topology: makes the lab, runs its checks, and removes the lab. After the checks it diagnoses the mesh:
 * why checks failed, or what will cause problems later. Where anything went wrong, it takes a support bundle before
 * the lab is removed, unless the run was stopped. The record always has what is known so far.
 * @throws the error that ended the test early: the signal’s reason, else the first error.
 */
export const testInLab = async (test: LabTest, record: MeshRecord): Promise<void> => {
  const { signal } = test
  await using lab = openLab(test, record.phases)
  const look = async (): Promise<void> => {
    const ask = record.wentWrong() ? (stop: AbortSignal) => askWorkloads(labTarget(lab), stop) : undefined
    record.diagnosed(await lookAtMesh(contextsOf(lab), record.phases, signal, ask))
  }
  const error = await failureOf(checkLab(lab, test, record, look), signal)
  record.endedBy(error)
  if (record.wasChecked() && !record.wasDiagnosed() && !signal.aborted) await look()
  if (record.wentWrong() && !signal.aborted)
    record.bundled(await supportBundle(labSource(lab), record.result(), test.bundle, record.phases, signal))
  if (error !== undefined) throw error
}

/**
 * Brings the lab up when it has its turn, and runs its checks. It passes the turn on when the checks mostly wait.
 * `look` diagnoses the mesh.
 */
const checkLab = async (lab: OpenLab, test: LabTest, record: MeshRecord, look: () => Promise<void>): Promise<void> => {
  using turn = await test.turns.take(test.signal)
  await lab.bringUp()
  const message = await test.plan.procedure.follow?.(lab, test.signal)
  if (message !== undefined) test.terminal.line(message)
  if (!test.withChecks) return
  await checkMesh({ lab: labData(lab) }, test, record, { passOn: turn.passOn, afterFailure: look })
}
