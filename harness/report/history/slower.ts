import type { Slower } from '#results/history.ts'
import { medianOf } from '#results/median.ts'

/** How many durations each side of the comparison has at least. */
const fewest = 3

/** What counts as slower: more than this much above the median before, as a share and in seconds. */
const [moreThan, atLeast] = [0.25, 1]

/** The rule of `slowerOf`, for people. */
export const slowerRule =
  'Slower means: the median of the newest third of the durations, at least three, is more than 25 % and more than ' +
  '1 s above the median of those before, at least three. Only attempts that passed count.'

/**
 * Compares the newest durations with those before, the oldest first, in seconds. Undefined where they are not slower by
 * more than 25 % and one second, or where there are too few of them.
 */
export const slowerOf = (seconds: readonly number[]): Slower | undefined => {
  const recent = Math.max(fewest, Math.floor(seconds.length / 3))
  if (seconds.length - recent < fewest) return undefined
  const [before, now] = [medianOf(seconds.slice(0, -recent)), medianOf(seconds.slice(-recent))]
  if (before === undefined || now === undefined) return undefined
  return now - before > atLeast && now > before * (1 + moreThan) ? { before, now } : undefined
}
