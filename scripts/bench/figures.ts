import { phasesOf, spanOf } from '#report/phase-spans.ts'
import type { Phase, TopologyResult } from '#results/results.ts'

/** What was timed: seconds, or a ratio where the name holds a “/”. */
export type Figures = Record<string, number>

const targets: Figures = {
  'command to verdict': 50,
  'lab ready': 20,
  checks: 22,
  diagnosis: 4,
  teardown: 5,
  'large mesh: diagnosis': 20,
  'large mesh: megabytes': 700,
  'report.html': 1,
  'lab ready / by hand': 0.25,
  'release − source': 10,
}

const endOf = ({ startedAt, seconds }: { startedAt: string; seconds: number }): number =>
  Date.parse(startedAt) + seconds * 1000

/** When the first of these phases began, in milliseconds since the epoch. */
export const startOf = (phases: Phase[]): number => Math.min(...phases.map(({ startedAt }) => Date.parse(startedAt)))

const secondsOf = (phases: Phase[]): number => (phases.length === 0 ? 0 : spanOf(phases))

/** The phases that bring a lab up. */
export const labPhases = ({ phases }: TopologyResult): Phase[] => phasesOf(phases, 'lab')

/**
 * When both versions had first answered in every cluster, in milliseconds since the epoch. Other checks run before
 * these, so this is later than the moment at which the lab was ready.
 */
const bothVersionsAnswered = ({ checks }: TopologyResult): number =>
  Math.max(
    ...checks
      .filter(({ id }) => id === 'reach.both-versions')
      .map(({ attempts }) => Math.min(...attempts.filter(({ verdict }) => verdict === 'pass').map(endOf))),
  )

/** What the processors spent between two moments, in seconds; undefined where this is not known. */
type SpentBetween = (from: number, to: number) => number | undefined

/**
 * The figures of an entry of a report. `startup`: the seconds from the command to its first cluster. `rendering`: the
 * seconds that the page takes. Each variant of a topology counts these two. Figures of the processor are those of the
 * whole machine, in all cores.
 */
export const figuresOf = (
  entry: TopologyResult,
  startup: number,
  rendering: number,
  spentBetween: SpentBetween,
): Figures => {
  const [lab, checks, diagnosis, teardown] = [
    labPhases(entry),
    ...['checks', 'diagnosis', 'teardown'].map((phase) => phasesOf(entry.phases, phase)),
  ]
  const figures = {
    'command to verdict': startup + secondsOf([...lab, ...(checks ?? [])]),
    'lab ready': secondsOf(lab),
    'both versions seen': (bothVersionsAnswered(entry) - startOf(lab)) / 1000,
    checks: secondsOf(checks ?? []),
    diagnosis: secondsOf(diagnosis ?? []),
    teardown: secondsOf(teardown ?? []),
    'report.html': rendering,
    'processor: lab': processorOf(lab, spentBetween),
    'processor: checks': processorOf(checks ?? [], spentBetween),
  }
  return Object.fromEntries(Object.entries(figures).filter(([, seconds]) => Number.isFinite(seconds) && seconds > 0))
}

const processorOf = (phases: Phase[], spentBetween: SpentBetween): number =>
  phases.length === 0 ? 0 : (spentBetween(startOf(phases), Math.max(...phases.map(endOf))) ?? 0)

/** A figure as text: a ratio with two decimals, seconds with one. */
export const formatFigure = (name: string, value: number): string => value.toFixed(name.includes(' / ') ? 2 : 1)

/** Prints the minimum, median and maximum of every figure over the rounds, beside the target. */
export const printTable = (entry: string, rounds: Figures[]): void => {
  console.log(`\n${entry.padEnd(32)} ${['min', 'median', 'max', 'target'].map((title) => title.padStart(7)).join(' ')}`)
  for (const name of new Set(rounds.flatMap(Object.keys))) {
    const values = rounds.flatMap((round) => round[name] ?? []).toSorted((a, b) => a - b)
    const figures = [values[0], values[Math.floor(values.length / 2)], values.at(-1)].map((value) =>
      formatFigure(name, value ?? 0),
    )
    console.log(
      `${name.padEnd(32)} ${[...figures, String(targets[name] ?? '')].map((text) => text.padStart(7)).join(' ')}`,
    )
  }
}
