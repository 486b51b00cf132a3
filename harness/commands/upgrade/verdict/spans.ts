import type { Samples } from '#commands/upgrade/traffic/probing.ts'
import type { Outcome } from './classify.ts'

/** A time from one moment to another, and how much of it counts. Milliseconds, the moments since the epoch. */
export type Span = { from: number; to: number; milliseconds: number }

/** The pod that a sample’s id begins with. */
export const podOf = (id: string): string => id.slice(0, id.lastIndexOf('/'))

/**
 * Times between `from` and `to` in which the probe had nothing under way; `away` are those in which its client’s pod
 * was replaced, which is no silence.
 */
export const pausesOf = ({ probe, samples }: Samples, from: number, to: number): { silent: Span[]; away: Span[] } => {
  const [silent, away]: [Span[], Span[]] = [[], []]
  let busyUntil = Math.min(from, samples[0]?.startedAt ?? from)
  let pod: string | undefined
  for (const { id, startedAt, milliseconds } of samples) {
    const replaced = probe.pods === 'restarted' && pod !== undefined && podOf(id) !== pod
    if (startedAt > busyUntil) (replaced ? away : silent).push(span(busyUntil, startedAt))
    if (startedAt + milliseconds > busyUntil) {
      busyUntil = startedAt + milliseconds
      pod = podOf(id)
    }
  }
  if (to > busyUntil) silent.push(span(busyUntil, to))
  return { silent, away }
}

/**
 * Times without a good answer between `from` and `to`; what the client’s pod was away does not count. `outcomes` are
 * those of the samples.
 */
export const gapsOf = (
  { samples }: Samples,
  outcomes: readonly Outcome[],
  away: readonly Span[],
  from: number,
  to: number,
): Span[] => {
  const good = samples
    .flatMap(({ startedAt, milliseconds }, index) => (outcomes[index] === 'answered' ? [startedAt + milliseconds] : []))
    .toSorted((a, b) => a - b)
  const moments = [Math.min(from, samples[0]?.startedAt ?? from), ...good, Math.max(to, good.at(-1) ?? to)]
  return moments.slice(1).flatMap((until, index) => {
    const since = moments[index] ?? until
    return until > since
      ? [
          {
            from: since,
            to: until,
            milliseconds: until - since - away.reduce((sum, one) => sum + shared(one, since, until), 0),
          },
        ]
      : []
  })
}

/**
 * The longest of the times that lie in a window or reach into it, as a whole: one that begins in the phase before is
 * not cut in two.
 */
export const longestIn = (spans: readonly Span[], from: number, to: number): number =>
  Math.round(spans.reduce((most, one) => (one.from < to && one.to > from ? Math.max(most, one.milliseconds) : most), 0))

const span = (from: number, to: number): Span => ({ from, to, milliseconds: to - from })
const shared = (one: Span, from: number, to: number): number =>
  Math.max(0, Math.min(one.to, to) - Math.max(one.from, from))
