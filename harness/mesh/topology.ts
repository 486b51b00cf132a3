import type { Lab } from '../lab/lab.ts'

/** One step of an installation: its name appears in the output, its time in the results. */
export type Step = {
  name: string
  /** What must be done before, by step name; default: the step above. */
  after?: string[]
  run: (lab: Lab, signal: AbortSignal) => Promise<unknown>
}

/** A topology's documented procedure, step by step. What is data stands in fixtures/topologies/<name>.yaml. */
export type Topology = { name: string; steps: Step[] }

/** A named step; `after` only where it may start before the step above is done. */
export const step = (name: string, run: Step['run'], after?: string[]): Step => ({ name, run, ...(after ? { after } : {}) })
