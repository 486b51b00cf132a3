import type { Images } from '../images/images.ts'
import type { Topology } from '../plan/topology-file.ts'
import type { CheckResult } from '../report/results.ts'
import type { PlannedCheck } from './plan-checks.ts'

/** What the run hands to the process that asks: data alone. `timeout` is milliseconds for one check, both attempts together. */
export type CheckInput = { runId: string; topology: Topology; images: Images; planned: PlannedCheck[]; timeout: number }

declare module 'vitest' {
  interface ProvidedContext { meshproof: CheckInput }
  interface TaskMeta { result?: CheckResult }
}
