import type { ExistingMesh } from '#checks/existing-target.ts'
import type { UpgradeStage } from '#checks/target.ts'
import type { Lab } from '#lab/lab.ts'
import type { CheckResult } from '#results/results.ts'
import type { PlannedCheck } from '#run/plan-checks.ts'

/**
 * Which mesh is asked, as data: a lab’s, at the stage of an upgrade where there is one, or one that somebody else
 * made.
 */
export type MeshInput =
  { lab: Pick<Lab, 'runId' | 'topology' | 'images'>; upgrade?: UpgradeStage } | { existing: ExistingMesh }

/**
 * What the run hands to the process that asks: data alone. `timeout` is milliseconds for one check, both attempts
 * together. `atOnce`: all are asked at once and not layer by layer, which is quicker where traffic goes on anyway;
 * nothing that is alone in the mesh may be planned then.
 */
export type CheckInput = { mesh: MeshInput; planned: PlannedCheck[]; timeout: number; atOnce?: true }

declare module 'vitest' {
  interface ProvidedContext {
    meshproof: CheckInput
  }
  interface TaskMeta {
    result?: CheckResult
  }
}
