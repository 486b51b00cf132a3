import type { Upgrade } from '#results/results.ts'

/** The scale of a timeline: what a moment and a second are on it. */
export type TrafficScale = {
  /** The length of the timeline, in seconds. */
  length: number
  /** A moment, in seconds since the timeline began. */
  secondOf: (moment: string) => number
  /** The place of a second, in percent of the width. */
  percentAt: (second: number) => string
}

/** The scale of the timeline of an upgrade. */
export const trafficScale = ({ startedAt, lanes }: Upgrade['timeline']): TrafficScale => {
  const length = Math.max(0, ...lanes.map(({ seconds }) => seconds.length))
  return {
    length,
    secondOf: (moment) => (Date.parse(moment) - Date.parse(startedAt)) / 1000,
    percentAt: (second) => ((Math.min(Math.max(second, 0), length) / length) * 100).toFixed(3),
  }
}

/** A second of the timeline as a clock shows it: `6:05`. */
export const clock = (second: number): string =>
  `${Math.floor(second / 60)}:${String(Math.floor(second % 60)).padStart(2, '0')}`
