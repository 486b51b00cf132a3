import { describe, expect, test } from 'vitest'
import type { Pressure } from '#commands/upgrade/traffic/pressure.ts'
import type { Sample, Samples } from '#commands/upgrade/traffic/probing.ts'
import type { Probe } from '#results/results.ts'
import { probeOf, sampleOf } from '#testing/upgrade-probes.ts'
import { latenciesOf } from './latency.ts'

const begin = Date.UTC(2026, 0, 1)
const windows = [
  { phase: 'P1', kind: 'baseline', from: begin, to: begin + 20_000 },
  { phase: 'P2', kind: 'control-plane', from: begin + 20_000, to: begin + 40_000 },
] as const
/** Ten requests a second for forty seconds; `took` says how many milliseconds one takes in a second. */
const requests = (took: (second: number, index: number) => number, of: Partial<Sample> = {}): Sample[] =>
  Array.from({ length: 400 }, (_, index) =>
    sampleOf({
      id: `prober-1/${index}`,
      startedAt: begin + index * 100,
      milliseconds: took(Math.floor(index / 10), index),
      ...of,
    }),
  )
/** A machine of which `shareOf` says how short of processors it was in each second. */
const machine = (shareOf: (second: number) => number): Pressure[] =>
  Array.from({ length: 40 }, (_, second) => ({
    cluster: 'cluster1',
    from: begin + second * 1000,
    to: begin + (second + 1) * 1000,
    share: shareOf(second),
  }))
const latencies = (samples: Samples[], pressure: Pressure[] = []) =>
  latenciesOf(samples, windows, pressure, { cluster1: 'v1', cluster2: 'v2' })

describe('the latency of a direction', () => {
  test('is the p99 of all of its probes together, and does not depend on two slow answers of one of them', () => {
    const samples = [
      { probe: probeOf(), samples: requests((_, index) => (index >= 397 ? 900 : 10)) },
      { probe: probeOf({ id: 'there keep-alive', kind: 'keep-alive' }), samples: requests(() => 8) },
      { probe: probeOf({ id: 'bare', retries: 'none' }), samples: requests(() => 9) },
    ]
    expect(latencies(samples)).toMatchObject([
      { phase: 'P1', from: 'cluster1', to: 'cluster2', answered: 600, leftOut: 0, p99Milliseconds: 10 },
      { phase: 'P2', answered: 600, p99Milliseconds: 10, slowest: 'there' },
    ])
  })

  test('tells what comes and goes from what is in each second, by the slowest answer of a typical one', () => {
    const inSomeSeconds = requests((second, index) => (second % 3 === 0 && index % 10 < 5 ? 300 : 10))
    const inEachSecond = requests((second, index) => (second >= 20 && index % 10 === 3 ? 300 : 10))
    expect(latencies([{ probe: probeOf(), samples: inSomeSeconds }])[1]).toMatchObject({
      p99Milliseconds: 300,
      typicalSlowestMilliseconds: 10,
    })
    expect(latencies([{ probe: probeOf(), samples: inEachSecond }])).toMatchObject([
      { typicalSlowestMilliseconds: 10 },
      { p99Milliseconds: 300, typicalSlowestMilliseconds: 300 },
    ])
  })

  test('counts answers alone, and no stream, no refusal and nothing outside the mesh', () => {
    const others: Probe[] = [
      probeOf({ kind: 'stream' }),
      probeOf({ kind: 'plaintext', expects: 'refusal' }),
      probeOf({ to: 'cluster1', kind: 'outside' }),
    ]
    const samples = [
      ...others.map((probe) => ({ probe, samples: requests(() => 700) })),
      { probe: probeOf(), samples: requests(() => 10) },
      { probe: probeOf({ id: 'lost' }), samples: requests(() => 5000, { status: 503 }) },
    ]
    expect(latencies(samples)).toMatchObject([
      { phase: 'P1', answered: 200, p99Milliseconds: 10, outsideMilliseconds: 700 },
      { phase: 'P2', answered: 200, p99Milliseconds: 10, outsideMilliseconds: 700 },
    ])
  })
})

describe('a machine that is short of processor time', () => {
  const busyFrom = (second: number): Pressure[] => machine((now) => (now >= second ? 0.9 : 0.3))

  test('makes answers slow, which do not count', () => {
    const samples = [{ probe: probeOf(), samples: requests((second) => (second >= 25 ? 400 : 10)) }]
    expect(latencies(samples, busyFrom(24))[1]).toMatchObject({ p99Milliseconds: 10 })
    // The same times on a machine that has time are those of a slow proxy.
    expect(
      latencies(
        samples,
        machine(() => 0.3),
      )[1],
    ).toMatchObject({ answered: 200, p99Milliseconds: 400 })
    // A machine that does not tell is no excuse.
    expect(latencies(samples)[1]).toMatchObject({ answered: 200, leftOut: 0, p99Milliseconds: 400 })
  })

  test('does not hide a proxy that is slow while the machine has time', () => {
    const samples = [{ probe: probeOf(), samples: requests((second) => (second >= 20 ? 120 : 10)) }]
    const [, latency] = latencies(samples, busyFrom(30))
    expect(latency).toMatchObject({ p99Milliseconds: 120 })
    expect(latency?.answered).toBeGreaterThanOrEqual(20)
  })

  test('at the baseline changes nothing: its own busy seconds count', () => {
    const samples = [{ probe: probeOf(), samples: requests((second) => (second < 5 ? 300 : 10)) }]
    expect(
      latencies(
        samples,
        machine((now) => (now < 5 ? 0.9 : 0.3)),
      )[0],
    ).toMatchObject({ answered: 200, p99Milliseconds: 300 })
  })
})
