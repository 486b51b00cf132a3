import { labSource } from '#report/bundle/collect.ts'
import { inputOf } from '#lab/lab.ts'
import type { TopologyResult } from '#results/results.ts'
import { inLab, type LabRun } from '#run/in-lab.ts'
import { runMesh, type MeshRun } from './run-mesh.ts'
import { supportBundle, type BundlePlace } from '#run/support-bundle.ts'

/** What a topology's run is given: a lab, and how its checks are run. */
export type TopologyRun = LabRun & Omit<MeshRun, 'unasked'> & { withChecks: boolean; bundle: BundlePlace }

/** One topology, from nothing to a verdict and back to nothing. */
export const runTopology = (run: TopologyRun): Promise<{ result: TopologyResult; error?: unknown }> =>
  runMesh({ ...run, unasked: run.withChecks ? 'the lab was not complete' : 'up runs no checks' }, (phases, ask, lookBack) => inLab(run, phases, async (lab, passOn) => {
    const followed = await run.plan.procedure.follow?.(lab, run.signal)
    if (followed !== undefined) run.terminal.line(followed)
    if (run.withChecks) await ask({ lab: inputOf(lab) }, passOn)
  }, (lab, error) => lookBack(error, (result) => supportBundle(labSource(lab), result, run.bundle, phases, run.signal))))
