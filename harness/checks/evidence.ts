import type { Evidence } from '#results/results.ts'

/** Collects the evidence of one attempt. */
export type Recorder = { add: (evidence: Evidence) => void; all: () => Evidence[] }

const limit = 60

/** An empty recorder. It keeps the newest 60 pieces of evidence and counts those that it dropped. */
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
