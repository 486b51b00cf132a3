import type { ExistingMesh } from '#checks/existing-target.ts'
import type { UpgradeStage } from '#checks/target.ts'
import type { Lab } from '#lab/lab.ts'
import type { CheckResult } from '#results/results.ts'
import type { PlannedCheck } from '#run/plan-checks.ts'

/**
 * The mesh that the checks run against, as data: a lab, at a stage of an upgrade where there is one, or an existing
 * mesh.
 */
export type MeshInput =
  { lab: Pick<Lab, 'runId' | 'topology' | 'images'>; upgrade?: UpgradeStage } | { existing: ExistingMesh }

/**
 * What the run passes to the process of the checks, as data. `timeout` is milliseconds for one check, both attempts
 * together. `atOnce` runs the checks of all layers at the same time, which is faster where traffic is measured
 * anyway. No check that is alone in the mesh may be planned with it. `verbose` writes the programs that checks start to
 * standard error.
 */
export type CheckInput = {
  mesh: MeshInput
  planned: PlannedCheck[]
  timeout: number
  atOnce?: true
  verbose?: true
}

declare module 'vitest' {
  interface ProvidedContext {
    meshproof: CheckInput
  }
  interface TaskMeta {
    result?: CheckResult
  }
}
