import type { Samples } from '#commands/upgrade/traffic/probing.ts'
import type { Lane } from '#results/results.ts'
import { classify, type VersionOf } from './classify.ts'

/**
 * The probes’ lanes of the timeline, second by second from `startedAt` (milliseconds since the epoch) to the last
 * request of all: what went as the probe expects, what did not, and the slowest answer. Requests of before are left
 * out; an answer that must not be counts as a loss here.
 */
export const lanesOf = (all: readonly Samples[], startedAt: number, versionOf: VersionOf): Lane[] => {
  const secondOf = (at: number): number => Math.floor((at - startedAt) / 1000)
  const length = all.reduce(
    (most, { samples }) => samples.reduce((last, sample) => Math.max(last, secondOf(sample.startedAt) + 1), most),
    0,
  )
  return all.map(({ probe, samples }) => {
    const seconds = Array.from({ length }, (): [number, number, number] => [0, 0, 0])
    for (const sample of samples) {
      const second = seconds[secondOf(sample.startedAt)]
      if (second === undefined) continue
      const good = classify(sample, probe, versionOf) === 'answered'
      second[good ? 0 : 1] += 1
      if (good) second[2] = Math.max(second[2], Math.round(sample.milliseconds))
    }
    return { probe: probe.id, seconds }
  })
}
