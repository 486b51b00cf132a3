import type { Samples } from '#commands/upgrade/traffic/probing.ts'
import { classify } from './classify.ts'
import { gapsOf } from './spans.ts'

/**
 * A time in which a cluster’s host stood still: traffic that no mesh is part of stopped. Milliseconds since the
 * epoch.
 */
export type Stall = { cluster: string; from: number; to: number }

/**
 * Traffic outside the mesh that stops for so long shows a host that stood still, in milliseconds: ten of its requests
 * are missing.
 */
const stoodStill = 1000

/** After a stall, what had piled up is worked off: for so long, in milliseconds, a loss is still the stall’s. */
const recovery = 1000

/** When hosts stood still, from the control stream outside the mesh (facts of upgrades, “Probes”). */
export const stallsOf = (all: readonly Samples[]): Stall[] =>
  all
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
        .filter(({ milliseconds }) => milliseconds > stoodStill)
        .map(({ from, to }) => ({ cluster: probe.from, from, to }))
    })

/** The stalls of these clusters’ hosts within a time, and within what it takes to recover from them. */
export const stallsIn = (stalls: readonly Stall[], clusters: readonly string[], from: number, to: number): Stall[] =>
  stalls.filter((stall) => clusters.includes(stall.cluster) && stall.from <= to && stall.to + recovery >= from)
