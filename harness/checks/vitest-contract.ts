import type { FoundMesh } from '../existing/found-mesh.ts'
import type { Lab } from '../lab/lab.ts'
import type { CheckResult } from '../report/results.ts'
import type { PlannedCheck } from './plan-checks.ts'

/** Which mesh is asked, as data: a lab’s, or one that somebody else made. */
export type MeshInput = { lab: Pick<Lab, 'runId' | 'topology' | 'images'> } | { existing: FoundMesh }

/** What the run hands to the process that asks: data alone. `timeout` is milliseconds for one check, both attempts together. */
export type CheckInput = { mesh: MeshInput; planned: PlannedCheck[]; timeout: number }

declare module 'vitest' {
  interface ProvidedContext { meshproof: CheckInput }
  interface TaskMeta { result?: CheckResult }
}
