import type { Pressure } from '#commands/upgrade/traffic/pressure.ts'
import type { Samples } from '#commands/upgrade/traffic/probing.ts'
import type { PhaseId } from '#results/results.ts'
import { classify, type VersionOf } from './classify.ts'
import { quantile, type Window } from './measure.ts'

/**
 * How long the requests from one cluster to another took in a phase, in those seconds in which the machine was as free
 * as in the calmer half of the baseline. All probes of that direction count together: of the two hundred requests of
 * one probe, the two slowest alone would decide.
 */
export type Latency = {
  phase: PhaseId
  from: string
  to: string
  /** How many answers count. */
  answered: number
  /** How many answers do not count, since the machine was shorter of processor time. */
  leftOut: number
  p99Milliseconds: number
  /**
   * The slowest answer of a typical second: half of the seconds have none that is slower. What slows a machine comes
   * and goes within seconds, while a slower proxy is slower in each of them.
   */
  typicalSlowestMilliseconds: number
  /** The p99 of all directions together. */
  meshMilliseconds: number
  /** The p99 of the traffic outside the mesh in the same seconds, in both clusters. */
  outsideMilliseconds: number
  /** The probe with the slowest answer. */
  slowest: string
}

/**
 * The quantile of the pressure at the baseline that counts as normal. A phase has more busy seconds than the baseline,
 * and more of those that are nearly as busy as its busiest.
 */
const normal = 0.5

/** The latencies of every direction in every phase. The first window is the baseline. */
export const latenciesOf = (
  samplesOfProbes: readonly Samples[],
  windows: readonly Window[],
  pressure: readonly Pressure[],
  versionOf: VersionOf,
): Latency[] => {
  const answers = samplesOfProbes
    .filter(({ probe }) => probe.expects === 'answers' && probe.kind !== 'stream')
    .flatMap(({ probe, samples }) =>
      samples
        .filter((sample) => classify(sample, probe, versionOf) === 'answered')
        .map(({ startedAt, milliseconds }) => ({ probe, startedAt, milliseconds })),
    )
  const busy = busySpans(pressure, windows[0])
  const isBusy = (from: number, to: number): boolean => busy.some((span) => from < span.to && to > span.from)
  return windows.flatMap((window, index) => {
    const within = answers.filter(({ startedAt }) => startedAt >= window.from && startedAt < window.to)
    // The baseline is what it is, with its own busy seconds.
    const counted =
      index === 0
        ? within
        : within.filter(({ startedAt, milliseconds }) => !isBusy(startedAt, startedAt + milliseconds))
    const [outside, inMesh] = [true, false].map((wanted) =>
      counted.filter(({ probe }) => (probe.kind === 'outside') === wanted),
    )
    const outsideMilliseconds = p99Of(outside ?? [])
    const meshMilliseconds = p99Of(inMesh ?? [])
    return [...Map.groupBy(inMesh ?? [], ({ probe: { from, to } }) => JSON.stringify([from, to])).values()].map(
      (direction): Latency => {
        const slowest = direction.reduce((most, answer) => (answer.milliseconds > most.milliseconds ? answer : most))
        const { from, to, id } = slowest.probe
        const all = within.filter(({ probe }) => probe.kind !== 'outside' && probe.from === from && probe.to === to)
        return {
          phase: window.phase,
          from,
          to,
          answered: direction.length,
          leftOut: all.length - direction.length,
          p99Milliseconds: p99Of(direction),
          typicalSlowestMilliseconds: typicalSlowestOf(direction),
          meshMilliseconds,
          outsideMilliseconds,
          slowest: id,
        }
      },
    )
  })
}

const p99Of = (answers: readonly { milliseconds: number }[]): number =>
  quantile(
    answers.map(({ milliseconds }) => milliseconds),
    0.99,
  )

const typicalSlowestOf = (answers: readonly { startedAt: number; milliseconds: number }[]): number =>
  quantile(
    [...Map.groupBy(answers, ({ startedAt }) => Math.floor(startedAt / 1000)).values()].map((ofSecond) =>
      Math.max(...ofSecond.map(({ milliseconds }) => milliseconds)),
    ),
    0.5,
  )

/** The times in which a machine was shorter of processor time than is normal at the baseline. */
const busySpans = (pressure: readonly Pressure[], baseline: Window | undefined): Pressure[] =>
  [...Map.groupBy(pressure, ({ cluster }) => cluster).values()].flatMap((ofCluster) => {
    const most = quantile(
      ofCluster
        .filter(({ from, to }) => baseline !== undefined && to > baseline.from && from < baseline.to)
        .map(({ share }) => share),
      normal,
    )
    return ofCluster.filter(({ share }) => share > most)
  })
