import type { Sample, Samples } from '#commands/upgrade/traffic/probing.ts'
import type { Loss, LossClass, Measured, PhaseId, PhaseKind, StreamBreak, UpgradeEvent } from '#results/results.ts'
import { classify, type Outcome, type VersionOf } from './classify.ts'
import { endedWithPod, nearestEvent } from './near-events.ts'
import { gapsOf, longestIn, pausesOf, podOf } from './spans.ts'

/**
 * The time of a phase in which probes ran, in milliseconds since the epoch. A request belongs to the phase in which it
 * began.
 */
export type Window = { phase: PhaseId; kind: PhaseKind; from: number; to: number }

/** How many losses of a probe in a phase are listed one by one. */
const mostLosses = 100

/**
 * The figures of every probe in every phase (issue 6, section 4). Samples may come in any order. `versionOf` is the
 * version that each cluster answers with.
 */
export const measure = (
  samplesOfProbes: readonly Samples[],
  windows: readonly Window[],
  events: readonly UpgradeEvent[],
  versionOf: VersionOf,
): Measured[] => {
  const [begin, end] = [Math.min(...windows.map(({ from }) => from)), Math.max(...windows.map(({ to }) => to))]
  return samplesOfProbes.flatMap(({ probe, samples: unordered }) => {
    const ordered = { probe, samples: unordered.toSorted((a, b) => a.startedAt - b.startedAt) }
    const outcomes = ordered.samples.map((sample) => classify(sample, probe, versionOf))
    const { silent, away } = pausesOf(ordered, begin, end)
    const gaps = gapsOf(ordered, outcomes, away, begin, end)
    const breaks = probe.kind === 'stream' ? breaksOf(ordered.samples, outcomes) : []
    return windows.map(({ phase, kind, from, to }): Measured => {
      const requests = ordered.samples.flatMap((sample, index) =>
        sample.startedAt >= from && sample.startedAt < to ? [{ sample, outcome: outcomes[index] ?? 'other' }] : [],
      )
      const answered = requests.filter(({ outcome }) => outcome === 'answered').map(({ sample }) => sample)
      const losses = requests.flatMap(({ sample, outcome }) =>
        outcome === 'answered' || outcome === 'wrong' ? [] : [lossOf(sample, outcome)],
      )
      const times = answered.map(({ milliseconds }) => milliseconds)
      return {
        probe: probe.id,
        phase,
        sent: requests.length,
        answered: answered.length,
        retried: answered.filter(({ attempts }) => attempts > 1).length,
        lost: losses.length,
        losses: losses.slice(0, mostLosses),
        classes: countsOf(losses),
        wrong: requests.length - answered.length - losses.length,
        longestGapMilliseconds: longestIn(gaps, from, to),
        // The client of a stream waits between lines, which is not silence. A phase without any line is.
        longestSilenceMilliseconds: probe.kind === 'stream' && requests.length > 0 ? 0 : longestIn(silent, from, to),
        p50Milliseconds: quantile(times, 0.5),
        p99Milliseconds: quantile(times, 0.99),
        streamBreaks: breaks
          .filter(({ lastGood }) => lastGood >= from && lastGood < to)
          .map(({ lastGood, gapMilliseconds }): StreamBreak => ({
            at: new Date(lastGood).toISOString(),
            gapMilliseconds,
            event: nearestEvent(events, lastGood),
            ...(endedWithPod(events, kind, probe, lastGood, lastGood + gapMilliseconds) ? { planned: true } : {}),
          })),
      }
    })
  })
}

const lossOf = ({ id, startedAt, milliseconds, status, flags, error }: Sample, kind: LossClass): Loss => ({
  id,
  at: new Date(startedAt).toISOString(),
  milliseconds,
  class: kind,
  status,
  detail: [flags, error].filter(Boolean).join(' '),
})

const countsOf = (losses: readonly Loss[]): Measured['classes'] =>
  Object.fromEntries(
    [...Map.groupBy(losses, (loss) => loss.class)].map(([kind, lossesOfKind]) => [kind, lossesOfKind.length]),
  )

/** The quantile of figures by the nearest-rank method, which returns one of them; 0 where there is none. */
export const quantile = (figures: readonly number[], share: number): number =>
  figures.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(figures.length * share) - 1)] ?? 0

/**
 * The breaks of each pod’s long answers. Consecutive failed lines are one break, and so is a next line from another
 * server. `lastGood` is when the last good line arrived, in milliseconds since the epoch.
 */
const breaksOf = (
  samples: readonly Sample[],
  outcomes: readonly Outcome[],
): { lastGood: number; gapMilliseconds: number }[] => {
  const lines = samples.map((sample, index) => ({
    ...sample,
    good: outcomes[index] === 'answered',
    ends: sample.startedAt + sample.milliseconds,
  }))
  return [...Map.groupBy(lines, ({ id }) => podOf(id)).values()].flatMap((podLines) =>
    podLines.flatMap((line, index) => {
      const [before, next] = [podLines[index - 1], podLines.slice(index).find(({ good }) => good)]
      const begins =
        before === undefined ? !line.good : before.good && (!line.good || line.instance !== before.instance)
      const since = before?.ends ?? line.startedAt
      return begins
        ? [{ lastGood: since, gapMilliseconds: Math.round((next?.ends ?? podLines.at(-1)?.ends ?? since) - since) }]
        : []
    }),
  )
}
