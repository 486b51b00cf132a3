import type { Samples } from '#commands/upgrade/traffic/probing.ts'
import type { Lane } from '#results/results.ts'
import { classify, type VersionOf } from './classify.ts'

/**
 * The lane of each probe in the timeline, for each second from `startedAt` (milliseconds since the epoch) to the last
 * request of any probe: how many requests went as expected, how many did not, and the slowest expected answer in
 * milliseconds. Requests before `startedAt` are left out. A wrong answer counts as not expected.
 */
export const lanesOf = (samplesOfProbes: readonly Samples[], startedAt: number, versionOf: VersionOf): Lane[] => {
  const secondOf = (moment: number): number => Math.floor((moment - startedAt) / 1000)
  const length = samplesOfProbes.reduce(
    (most, { samples }) => samples.reduce((last, sample) => Math.max(last, secondOf(sample.startedAt) + 1), most),
    0,
  )
  return samplesOfProbes.map(({ probe, samples }) => {
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
