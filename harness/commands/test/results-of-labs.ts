import type { Results, TopologyResult } from '#results/results.ts'
import { acrossLabs } from '#results/rounds.ts'

/** The results of the labs of one topology. The results of the run hold their combined result. */
export type ResultsOfLabs = {
  /** Adds what is known of a lab, counted from 0. */
  publish: (number: number, result: TopologyResult) => void
  /** Says why a lab is not made. Its checks stay `not-run`. */
  leaveOut: (number: number, reason: string) => void
  hasFailed: () => boolean
}

/** The results of the labs of a topology, which is at `index` in the results of the run. `labs` are their ids. */
export const resultsOfLabs = ({ topologies }: Results, index: number, labs: readonly string[]): ResultsOfLabs => {
  const unreached = topologies[index]
  if (!unreached) throw new Error('a lab has no topology')
  const results = labs.map(() => unreached)
  const publish = (number: number, result: TopologyResult): void => {
    results[number] = result
    topologies[index] = acrossLabs(results, labs)
  }
  return {
    publish,
    leaveOut: (number, reason) => {
      const checks = unreached.checks.map((check) => (check.verdict === 'not-run' ? { ...check, reason } : check))
      publish(number, { ...unreached, reason, checks })
    },
    hasFailed: () => results.some(({ verdict }) => verdict === 'fail'),
  }
}
