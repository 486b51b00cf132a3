import type { Loss, StreamBreak } from '#results/results.ts'
import type { Seen } from './case.ts'
import { stallsIn, type Stall } from './stalls.ts'

/**
 * What a probe lost and no stall of its hosts explains: how many, and those of them that are told one by one. `excused` are the others. Of more losses
 * than are told one by one, the rest counts as unexplained: a stall is too short for so many.
 */
export const lostOf = ({ probe, measured }: Seen, stalls: readonly Stall[]): { count: number; losses: Loss[]; excused: number } => {
  if (probe.expects === 'refusal' || probe.kind === 'outside') return { count: 0, losses: [], excused: 0 }
  const losses = measured.losses.filter(({ at, milliseconds }) => stallsIn(stalls, [probe.from, probe.to], Date.parse(at), Date.parse(at) + milliseconds).length === 0)
  const excused = measured.losses.length - losses.length
  return { count: measured.lost - excused, losses, excused }
}

/** The breaks of a long answer that no stall explains. */
export const breaksOf = ({ probe, measured }: Seen, stalls: readonly Stall[]): StreamBreak[] =>
  measured.streamBreaks.filter(({ at, gapMilliseconds }) => stallsIn(stalls, [probe.from, probe.to], Date.parse(at), Date.parse(at) + gapMilliseconds).length === 0)
