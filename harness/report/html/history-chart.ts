import { markup, type Markup } from '#report/markup.ts'
import { upgradeVerdictWords } from '#report/upgrade-words.ts'
import { verdictWords } from '#report/words.ts'
import type { UpgradeVerdict, Verdict } from '#results/results.ts'

/** A run in a chart. */
export type ChartPoint = { verdict: Verdict | UpgradeVerdict; seconds?: number | undefined }

/** The most runs that a chart shows: the newest. */
export const mostPoints = 60

/** The size of a bar with the gap beside it, and the height of a chart, in units of the chart. */
const [step, bar, height] = [5, 4, 24]

/** The verdicts that a chart distinguishes. `warn` is an upgrade that passed with warnings. */
const styles = {
  pass: 'pass',
  warn: 'flaky',
  flaky: 'flaky',
  fail: 'fail',
  'not-run': 'not-run',
  inconclusive: 'not-run',
  skipped: 'skipped',
} as const

/**
 * The newest runs as bars, the oldest first: the colour is the verdict, the height the duration. Failed and missing
 * runs reach over the whole height or lie at the bottom, so that colour alone does not tell them apart.
 */
export const historyChart = (points: readonly ChartPoint[]): Markup => {
  const shown = points.slice(-mostPoints)
  const longest = Math.max(0.001, ...shown.map(({ seconds }) => seconds ?? 0))
  const bars = shown.map(({ verdict, seconds }, index) => {
    const style = styles[verdict]
    const tall =
      style === 'fail'
        ? height
        : seconds === undefined
          ? 3
          : Math.max(3, Math.round((seconds / longest) * (height - 4)))
    return { style, path: `M${index * step} ${height}v-${tall}h${bar}v${tall}z` }
  })
  const paths = [...Map.groupBy(bars, ({ style }) => style)].map(
    ([style, same]) => markup`<path class="${style}" d="${same.map(({ path }) => path).join('')}"/>`,
  )
  const width = Math.max(1, shown.length) * step
  return markup`
    <svg class="bars" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img"
      aria-label="${wordsOf(shown)}">${paths}</svg>
  `
}

/** A chart in words: runs with the same verdict that follow each other are counted together. */
const wordsOf = (points: readonly ChartPoint[]): string => {
  const groups: { word: string; count: number }[] = []
  for (const { verdict } of points) {
    const { word } = { ...verdictWords, ...upgradeVerdictWords }[verdict]
    const last = groups.at(-1)
    if (last?.word === word) last.count += 1
    else groups.push({ word, count: 1 })
  }
  const seconds = points.flatMap((point) => point.seconds ?? [])
  const range =
    seconds.length === 0 ? '' : `; ${Math.min(...seconds).toFixed(1)} to ${Math.max(...seconds).toFixed(1)} seconds`
  return `Oldest first: ${groups.map(({ word, count }) => `${count} ${word}`).join(', ')}${range}`
}
