import { type Checking, checkMesh } from '#commands/test/check-mesh.ts'
import type { Istioctl } from '#istio/analyze.ts'
import type { MeshRecord } from '#commands/test/mesh-record.ts'
import { existingTarget } from '#checks/existing-target.ts'
import { askWorkloads } from '#run/ask-workloads.ts'
import { failureOf } from '#run/failure-of.ts'
import { lookAtMesh } from '#run/look-at-mesh.ts'
import { type BundlePlace, supportBundle } from '#run/support-bundle.ts'
import { type ExistingOrder, existingSource, openExisting } from './open-existing.ts'

/** The test of an existing mesh: our namespaces in it, and how its checks are run. */
export type ExistingTest = ExistingOrder & Checking & { bundle: BundlePlace; istioctl: Istioctl }

/**
 * Tests an existing mesh, and leaves nothing behind in it. Where anything went wrong, it takes a support bundle
 * before our namespaces are deleted, unless the run was stopped. The record always has what is known so far.
 * @throws the error that ended the test early: the signal’s reason, else the first error.
 */
export const testInExisting = async (test: ExistingTest, record: MeshRecord): Promise<void> => {
  const { plan, signal } = test
  await using place = await openExisting(test, record.phases)
  let ask: Parameters<typeof lookAtMesh>[3]
  const look = async (): Promise<void> => {
    record.diagnosed(
      await lookAtMesh(
        { clusters: plan.clusters, istioNamespace: plan.found.istioNamespace, istioctl: test.istioctl },
        record.phases,
        signal,
        record.wentWrong() ? ask : undefined,
      ),
    )
  }
  const check = async (): Promise<void> => {
    const mesh = await place.setUp()
    ask = (stop) => askWorkloads(existingTarget(mesh), stop)
    await checkMesh({ existing: mesh }, test, record, { afterFailure: look })
  }
  const error = await failureOf(check(), signal)
  record.endedBy(error)
  if (record.wasChecked() && !record.wasDiagnosed() && !signal.aborted) await look()
  if (record.wentWrong() && !signal.aborted)
    record.bundled(await supportBundle(existingSource(plan), record.result(), test.bundle, record.phases, signal))
  if (error !== undefined) throw error
}
