import type { Samples } from '#commands/upgrade/traffic/probing.ts'
import type { Outcome } from './classify.ts'

/**
 * A time between two moments, in milliseconds since the epoch. `milliseconds` is how much of it counts.
 */
export type Span = { from: number; to: number; milliseconds: number }

/** The pod in the id of a sample: the part before the last slash. */
export const podOf = (id: string): string => id.slice(0, id.lastIndexOf('/'))

/**
 * The times between `from` and `to` in which the probe had no request under way. `away` are the times in which the
 * client’s pod was replaced; `silent` are the others.
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
 * The times between `from` and `to` without a good answer. The times `away`, in which the client’s pod was replaced,
 * do not count. `outcomes` are the outcomes of the samples, in their order.
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
  const awayBetween = (since: number, until: number): number =>
    away.reduce((sum, pause) => sum + shared(pause, since, until), 0)
  return moments.slice(1).flatMap((until, index) => {
    const since = moments[index] ?? until
    return until > since ? [{ from: since, to: until, milliseconds: until - since - awayBetween(since, until) }] : []
  })
}

/**
 * The length of the longest span that overlaps a window, in milliseconds. A span that reaches beyond the window counts
 * in full.
 */
export const longestIn = (spans: readonly Span[], from: number, to: number): number =>
  Math.round(spans.reduce((most, gap) => (gap.from < to && gap.to > from ? Math.max(most, gap.milliseconds) : most), 0))

const span = (from: number, to: number): Span => ({ from, to, milliseconds: to - from })
const shared = (pause: Span, from: number, to: number): number =>
  Math.max(0, Math.min(pause.to, to) - Math.max(pause.from, from))
