import type { Sample, Samples } from '#commands/upgrade/traffic/probing.ts'
import type { Loss, LossClass, Measured, PhaseId, StreamBreak, UpgradeEvent } from '#results/results.ts'
import { classify, type Outcome, type VersionOf } from './classify.ts'
import { nearestEvent } from './near-events.ts'
import { gapsOf, longestIn, pausesOf, podOf } from './spans.ts'

/**
 * The time of a phase in which probes were running, in milliseconds since the epoch. A request belongs to the phase it
 * was begun in.
 */
export type Window = { phase: PhaseId; from: number; to: number }

/** Losses that are told one by one. */
const mostLosses = 100

/**
 * What every probe saw in every phase (issue 6, section 4). Samples need no order; `versionOf` says which version each
 * cluster answers with.
 */
export const measure = (
  all: readonly Samples[],
  windows: readonly Window[],
  events: readonly UpgradeEvent[],
  versionOf: VersionOf,
): Measured[] => {
  const [begin, end] = [Math.min(...windows.map(({ from }) => from)), Math.max(...windows.map(({ to }) => to))]
  return all.flatMap(({ probe, samples: unordered }) => {
    const ordered = { probe, samples: unordered.toSorted((a, b) => a.startedAt - b.startedAt) }
    const outcomes = ordered.samples.map((sample) => classify(sample, probe, versionOf))
    const { silent, away } = pausesOf(ordered, begin, end)
    const gaps = gapsOf(ordered, outcomes, away, begin, end)
    const breaks = probe.kind === 'stream' ? breaksOf(ordered.samples, outcomes) : []
    return windows.map(({ phase, from, to }): Measured => {
      const asked = ordered.samples.flatMap((sample, index) =>
        sample.startedAt >= from && sample.startedAt < to ? [{ sample, outcome: outcomes[index] ?? 'other' }] : [],
      )
      const answered = asked.filter(({ outcome }) => outcome === 'answered').map(({ sample }) => sample)
      const losses = asked.flatMap(({ sample, outcome }) =>
        outcome === 'answered' || outcome === 'wrong' ? [] : [lossOf(sample, outcome)],
      )
      const times = answered.map(({ milliseconds }) => milliseconds).toSorted((a, b) => a - b)
      return {
        probe: probe.id,
        phase,
        sent: asked.length,
        answered: answered.length,
        retried: answered.filter(({ attempts }) => attempts > 1).length,
        lost: losses.length,
        losses: losses.slice(0, mostLosses),
        classes: countsOf(losses),
        wrong: asked.length - answered.length - losses.length,
        longestGapMilliseconds: longestIn(gaps, from, to),
        // Between the lines of a long answer its client waits: that is never silence, but no line at all is.
        longestSilenceMilliseconds: probe.kind === 'stream' && asked.length > 0 ? 0 : longestIn(silent, from, to),
        p50Milliseconds: quantile(times, 0.5),
        p99Milliseconds: quantile(times, 0.99),
        streamBreaks: breaks
          .filter(({ at }) => at >= from && at < to)
          .map(({ at, gapMilliseconds }): StreamBreak => ({
            at: new Date(at).toISOString(),
            gapMilliseconds,
            event: nearestEvent(events, at),
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
  Object.fromEntries([...Map.groupBy(losses, (loss) => loss.class)].map(([kind, same]) => [kind, same.length]))

// The nearest rank: a time that was really measured.
const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0

/**
 * Where a pod’s long answer ended: lines that failed, together one break, or the next line from another server. `at`
 * is when the last good line came.
 */
const breaksOf = (
  samples: readonly Sample[],
  outcomes: readonly Outcome[],
): { at: number; gapMilliseconds: number }[] => {
  const lines = samples.map((sample, index) => ({
    ...sample,
    good: outcomes[index] === 'answered',
    ends: sample.startedAt + sample.milliseconds,
  }))
  return [...Map.groupBy(lines, ({ id }) => podOf(id)).values()].flatMap((own) =>
    own.flatMap((line, index) => {
      const [before, next] = [own[index - 1], own.slice(index).find(({ good }) => good)]
      const begins =
        before === undefined ? !line.good : before.good && (!line.good || line.instance !== before.instance)
      const since = before?.ends ?? line.startedAt
      return begins
        ? [{ at: since, gapMilliseconds: Math.round((next?.ends ?? own.at(-1)?.ends ?? since) - since) }]
        : []
    }),
  )
}
