import type { Samples } from '#commands/upgrade/traffic/probing.ts'
import { classify } from './classify.ts'
import { gapsOf } from './spans.ts'

/**
 * A time in which a cluster’s host was stalled, in milliseconds since the epoch: traffic outside the mesh stopped.
 */
export type Stall = { cluster: string; from: number; to: number }

/**
 * If traffic outside the mesh stops for longer than this, in milliseconds, its host was stalled: ten requests are
 * missing.
 */
const shortestStall = 1000

/** How long after a stall a loss still counts as caused by it, in milliseconds: pending work delays requests. */
const recovery = 1000

/** The stalls of hosts, as the probes outside the mesh show them (facts of upgrades, “Probes”). */
export const stallsOf = (samplesOfProbes: readonly Samples[]): Stall[] =>
  samplesOfProbes
    .filter(({ probe }) => probe.kind === 'outside')
    .flatMap(({ probe, samples: unordered }) => {
      const samples = unordered.toSorted((a, b) => a.startedAt - b.startedAt)
      const outcomes = samples.map((sample) => classify(sample, probe, {}))
      const [first, last] = [samples[0]?.startedAt ?? 0, samples.at(-1)]
      return gapsOf(
        { probe, samples },
        outcomes,
        [],
        first,
        last === undefined ? first : last.startedAt + last.milliseconds,
      )
        .filter(({ milliseconds }) => milliseconds > shortestStall)
        .map(({ from, to }) => ({ cluster: probe.from, from, to }))
    })

/**
 * The stalls of these clusters’ hosts that overlap the time from `from` to `to`; the time to recover counts as stall.
 */
export const stallsIn = (stalls: readonly Stall[], clusters: readonly string[], from: number, to: number): Stall[] =>
  stalls.filter((stall) => clusters.includes(stall.cluster) && stall.from <= to && stall.to + recovery >= from)
