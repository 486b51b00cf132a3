/** A second of the timeline as a clock shows it: `6:05`. */
export const clock = (second: number): string =>
  `${Math.floor(second / 60)}:${String(Math.floor(second % 60)).padStart(2, '0')}`
