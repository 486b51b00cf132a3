import { markup, type Markup } from '#report/markup.ts'
import type { Lane } from '#results/results.ts'

/** The height of a lane, in units of its picture. A second is one unit wide. */
const laneHeight = 16

/** Seconds in a row: the first of them, and how many they are. */
export type Run = [from: number, length: number]

/**
 * The seconds of a probe as a picture that stretches. The slowest answer of a second is a low hill on a logarithmic
 * scale (1 ms to 10 s); a bar stands where the probe heard nothing at all; a mark stands on every second with a loss.
 * `length`: the seconds of the whole timeline. `planned`: seconds whose losses are not marked.
 */
export const lane = (seconds: Lane['seconds'], length: number, planned: ReadonlySet<number> = new Set()): Markup => {
  const bars = silencesOf(seconds, length).map(([from, long]) => `M${from} 0h${long}v${laneHeight}h-${long}z`)
  const losses = seconds.flatMap(([, lost], second) =>
    lost > 0 && !planned.has(second) ? [`M${second + 0.5} 0v${laneHeight}`] : [],
  )
  return markup`
    <svg viewBox="0 0 ${length} ${laneHeight}" preserveAspectRatio="none" aria-hidden="true">
    ${path('slowest', [hills(seconds)])}${path('silent', bars)}${path('lost', losses)}</svg>
  `
}

const path = (name: string, parts: string[]): Markup | false =>
  parts.length > 0 && markup`<path class="${name}" d="${parts.join('')}"/>`

const hills = (seconds: Lane['seconds']): string => {
  const heights = seconds.map(heightOf)
  const rises = heights.map((height, second) => height - (heights[second - 1] ?? 0))
  // Seconds of the same height are one line.
  const lines = rises.reduce<(number | string)[]>((drawn, rise) => {
    const last = drawn.at(-1)
    return rise === 0 && typeof last === 'number' ? [...drawn.slice(0, -1), last + 1] : [...drawn, `v${-rise}h`, 1]
  }, [])
  return `M0 ${laneHeight}${lines.join('')}V${laneHeight}z`
}

const heightOf = ([good, lost, slowest]: Lane['seconds'][number]): number => {
  if (good + lost === 0) return 0
  const [lowest, highest] = [2, laneHeight - 2]
  const height = Math.round((Math.log10(Math.max(1, slowest)) / 4) * highest)
  return Math.min(highest, Math.max(lowest, height))
}

/** Where a probe heard nothing at all. The last second of the timeline is incomplete and does not count. */
export const silencesOf = (seconds: Lane['seconds'], length: number): Run[] =>
  runsOf(seconds.slice(0, length - 1), ([good, lost]) => good + lost === 0)

/** The runs of seconds that are as wanted. */
export const runsOf = (seconds: Lane['seconds'], isWanted: (figures: Lane['seconds'][number]) => boolean): Run[] => {
  const runs: Run[] = []
  for (const [second, figures] of seconds.entries()) {
    if (!isWanted(figures)) continue
    const last = runs.at(-1)
    if (last && last[0] + last[1] === second) last[1] += 1
    else runs.push([second, 1])
  }
  return runs
}

/** The seconds of a probe as the script of the page reads them. */
export const secondsText = (seconds: Lane['seconds']): string => seconds.map((second) => second.join(' ')).join()
