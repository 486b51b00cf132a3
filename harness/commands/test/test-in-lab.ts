import { inputOf } from '#lab/lab.ts'
import { labSource } from '#report/bundle/collect.ts'
import { failureOf } from '#run/failure-of.ts'
import type { SharedMachine } from '#run/for-each-lab.ts'
import { type LabOrder, openLab, type OpenLab } from '#run/open-lab.ts'
import { type BundlePlace, supportBundle } from '#run/support-bundle.ts'
import { type Checking, checkMesh } from './check-mesh.ts'
import type { MeshRecord } from './mesh-record.ts'

/** What one topology is tested with: a lab, and how its checks are run, if they are. */
export type LabTest = LabOrder & Checking & SharedMachine & { withChecks: boolean; bundle: BundlePlace }

/**
 * Tests one topology, from nothing to a verdict and back to nothing. Where anything went wrong, a support bundle is
 * taken before the lab goes, unless the run was stopped. What is known at any time is in the record.
 * @throws what ended the test early: the signal’s reason, else the first error.
 */
export const testInLab = async (test: LabTest, record: MeshRecord): Promise<void> => {
  const { signal } = test
  await using lab = openLab(test, record.phases)
  const error = await failureOf(checkLab(lab, test, record), signal)
  record.endedBy(error)
  if (record.wentWrong() && !signal.aborted)
    record.bundled(await supportBundle(labSource(lab), record.result(), test.bundle, record.phases, signal))
  if (error !== undefined) throw error
}

/** Brings the lab up when it is its turn, and runs its checks. The turn is passed on once they mostly wait. */
const checkLab = async (lab: OpenLab, test: LabTest, record: MeshRecord): Promise<void> => {
  using turn = await test.turns.take(test.signal)
  await lab.bringUp()
  const followed = await test.plan.procedure.follow?.(lab, test.signal)
  if (followed !== undefined) test.terminal.line(followed)
  if (test.withChecks) await checkMesh({ lab: inputOf(lab) }, test, record, turn.passOn)
}
