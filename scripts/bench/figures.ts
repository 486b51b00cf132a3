import type { Phase, TopologyResult } from '#results/results.ts'

/** Seconds, or a ratio where the name holds a “/”, by what was timed. */
export type Figures = Record<string, number>

const targets: Figures = {
  'lab ready': 40,
  teardown: 5,
  'report.html': 1,
  'lab ready / by hand': 0.5,
  'release − source': 10,
}

const end = ({ startedAt, seconds }: { startedAt: string; seconds: number }): number =>
  Date.parse(startedAt) + seconds * 1000
/** When the first of some phases began, in milliseconds since the epoch. */
export const begin = (phases: Phase[]): number => Math.min(...phases.map(({ startedAt }) => Date.parse(startedAt)))
const span = (phases: Phase[]): number =>
  phases.length === 0 ? 0 : (Math.max(...phases.map(end)) - begin(phases)) / 1000
/** The phases that bring a lab up. */
export const labOf = ({ phases }: TopologyResult): Phase[] =>
  phases.filter(({ name }) => !['images', 'checks', 'teardown'].includes(name))

/**
 * When the checks had first seen both versions from every cluster: no sooner than the lab was ready, since other checks
 * go first.
 */
const bothSeen = ({ checks }: TopologyResult): number =>
  Math.max(
    ...checks
      .filter(({ id }) => id === 'reach.both-versions')
      .map(({ attempts }) => Math.min(...attempts.filter(({ verdict }) => verdict === 'pass').map(end))),
  )

/**
 * The figures of one entry of a report. `startup` is what the command took before its first cluster, `rendering` what
 * its page takes; variants of one topology each count them.
 */
export const figuresOf = (entry: TopologyResult, startup: number, rendering: number): Figures => {
  const [lab, checks, teardown] = [
    labOf(entry),
    ...['checks', 'teardown'].map((wanted) => entry.phases.filter(({ name }) => name === wanted)),
  ]
  const figures = {
    'command to verdict': startup + span([...lab, ...(checks ?? [])]),
    'lab ready': span(lab),
    'both versions seen': (bothSeen(entry) - begin(lab)) / 1000,
    checks: span(checks ?? []),
    teardown: span(teardown ?? []),
    'report.html': rendering,
  }
  return Object.fromEntries(Object.entries(figures).filter(([, seconds]) => Number.isFinite(seconds) && seconds > 0))
}

/** A ratio with two decimals, seconds with one. */
export const shown = (name: string, value: number): string => value.toFixed(name.includes(' / ') ? 2 : 1)

/** Prints the least, the median and the greatest of every figure of some rounds, beside its target. */
export const table = (entry: string, rounds: Figures[]): void => {
  console.log(`\n${entry.padEnd(32)} ${['min', 'median', 'max', 'target'].map((title) => title.padStart(7)).join(' ')}`)
  for (const name of new Set(rounds.flatMap(Object.keys))) {
    const values = rounds.flatMap((round) => round[name] ?? []).toSorted((a, b) => a - b)
    const figures = [values[0], values[Math.floor(values.length / 2)], values.at(-1)].map((value) =>
      shown(name, value ?? 0),
    )
    console.log(
      `${name.padEnd(32)} ${[...figures, String(targets[name] ?? '')].map((text) => text.padStart(7)).join(' ')}`,
    )
  }
}
