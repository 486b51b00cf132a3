import type { Evidence } from '#results/results.ts'

/** Collects what the probes of one attempt see. */
export type Recorder = { add: (evidence: Evidence) => void; all: () => Evidence[] }

const limit = 60

/** An empty recorder; it keeps the newest pieces and says how many it left out. */
export const recorder = (): Recorder => {
  const kept: Evidence[] = []
  let dropped = 0
  return {
    add: (evidence) => {
      kept.push(evidence)
      if (kept.length > limit) {
        kept.shift()
        dropped += 1
      }
    },
    all: () => (dropped === 0 ? kept : [{ probe: 'evidence', leftOut: dropped }, ...kept]),
  }
}
