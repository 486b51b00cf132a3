import { markup, type Markup } from '#report/markup.ts'
import type { Lane } from '#results/results.ts'

/** How high a lane is, in units of its picture; one unit across is a second. */
export const laneHeight = 16

/**
 * The seconds of a probe as a picture that stretches: the slowest answer as a low hill on a logarithmic scale (1 ms to
 * 10 s), a bar where it heard nothing at all, and a mark on every second with a loss. `length`: the seconds of the
 * whole timeline.
 */
export const lane = (seconds: Lane['seconds'], length: number): Markup =>
  markup`<svg viewBox="0 0 ${length} ${laneHeight}" preserveAspectRatio="none" aria-hidden="true"><path class="slowest" d="${hills(seconds)}"/>${path(
    'silent',
    silencesOf(seconds, length).map(([from, long]) => `M${from} 0h${long}v${laneHeight}h-${long}z`),
  )}${path(
    'lost',
    seconds.flatMap(([, lost], second) => (lost > 0 ? [`M${second + 0.5} 0v${laneHeight}`] : [])),
  )}</svg>`

const path = (name: string, parts: string[]): Markup | false =>
  parts.length > 0 && markup`<path class="${name}" d="${parts.join('')}"/>`

const hills = (seconds: Lane['seconds']): string => {
  const heights = seconds.map(([good, lost, slowest]) =>
    good + lost === 0
      ? 0
      : Math.min(laneHeight - 2, Math.max(2, Math.round((Math.log10(Math.max(1, slowest)) / 4) * (laneHeight - 2)))),
  )
  const steps = heights.map((height, second) => ({ height, rise: height - (heights[second - 1] ?? 0) }))
  // Seconds of the same height are one line.
  const lines = steps.reduce<(number | string)[]>((all, { rise }) => {
    const last = all.at(-1)
    return rise === 0 && typeof last === 'number' ? [...all.slice(0, -1), last + 1] : [...all, `v${-rise}h`, 1]
  }, [])
  return `M0 ${laneHeight}${lines.join('')}V${laneHeight}z`
}

/** Where a probe heard nothing at all, as runsOf tells it. Of the timeline’s last second there is only a part. */
export const silencesOf = (seconds: Lane['seconds'], length: number): [from: number, length: number][] =>
  runsOf(seconds.slice(0, length - 1), ([good, lost]) => good + lost === 0)

/** Where seconds in a row are of a kind: the first, and how many. */
export const runsOf = (
  seconds: Lane['seconds'],
  wanted: (second: Lane['seconds'][number]) => boolean,
): [from: number, length: number][] => {
  const runs: [number, number][] = []
  for (const [second, one] of seconds.entries()) {
    if (!wanted(one)) continue
    const last = runs.at(-1)
    if (last && last[0] + last[1] === second) last[1] += 1
    else runs.push([second, 1])
  }
  return runs
}

/** A probe’s seconds as the page’s script reads them. */
export const secondsText = (seconds: Lane['seconds']): string => seconds.map((second) => second.join(' ')).join()
