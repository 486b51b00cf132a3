import { describe, expect, test } from 'vitest'
import type { Sample } from '#commands/upgrade/traffic/probing.ts'
import type { Probe } from '#results/results.ts'
import { probeOf, sampleOf } from '#testing/upgrade-probes.ts'
import { classify } from './classify.ts'
import { lanesOf } from './lanes.ts'
import { measure } from './measure.ts'
import { stallsOf } from './stalls.ts'

const begin = Date.UTC(2026, 0, 1)
const versionOf = { cluster1: 'v1', cluster2: 'v2' }
const sample = (offset: number, of: Partial<Sample> = {}): Sample =>
  sampleOf({ id: `pod-a/${offset}`, startedAt: begin + offset, ...of })
/** A request every 100 ms from one moment to another. */
const everyTenth = (from: number, to: number, of: Partial<Sample> = {}): Sample[] =>
  Array.from({ length: (to - from) / 100 }, (_, index) => sample(from + index * 100, of))
const windows = [
  { phase: 'P1', kind: 'baseline', from: begin, to: begin + 10_000 },
  { phase: 'P2', kind: 'workloads', from: begin + 10_000, to: begin + 20_000 },
] as const
const measured = (samples: Sample[], of: Partial<Probe> = {}, events: Parameters<typeof measure>[2] = []) =>
  measure([{ probe: probeOf(of), samples }], windows, events, versionOf)

test.each<[string, Partial<Sample>, Partial<Probe>, string]>([
  ['an answer of the right version', {}, {}, 'answered'],
  ['one of another cluster', { version: 'v1' }, {}, 'wrong'],
  ['any answer outside the mesh', { version: '' }, { kind: 'outside' }, 'answered'],
  ['a flag', { status: 503, flags: 'URX,UF' }, {}, 'UF'],
  [
    'a failed handshake of proxies',
    { status: 503, flags: 'UF', error: 'TLS_error:|268435581:CERTIFICATE_VERIFY_FAILED' },
    {},
    'tls',
  ],
  ['no route', { status: 404, flags: 'NR' }, {}, 'NR'],
  ['a 5xx without a flag', { status: 500 }, {}, 'other-5xx'],
  ['a name that is unknown', { status: 0, exit: 6 }, {}, 'dns'],
  ['a closed port', { status: 0, exit: 7 }, {}, 'refused'],
  ['a timeout', { status: 0, exit: 28 }, {}, 'timeout'],
  ['a failed handshake', { status: 0, exit: 35 }, {}, 'tls'],
  ['an answer cut off', { status: 200, exit: 56 }, {}, 'reset'],
  ['a refusal nobody expects', { status: 403 }, {}, 'other'],
  ['the end of a long answer', { error: 'the answer ended (200)' }, { kind: 'stream' }, 'other'],
  ['plaintext that is closed', { status: 0, exit: 56 }, { kind: 'plaintext', expects: 'refusal' }, 'answered'],
  ['plaintext that nobody refused', { status: 0, exit: 28 }, { kind: 'plaintext', expects: 'refusal' }, 'timeout'],
  ['plaintext that is answered', { status: 403 }, { kind: 'plaintext', expects: 'refusal' }, 'wrong'],
  ['an identity that is refused', { status: 403 }, { kind: 'wrong-identity', expects: 'refusal' }, 'answered'],
  ['an identity that is let in', {}, { kind: 'wrong-identity', expects: 'refusal' }, 'wrong'],
  [
    'an identity that nobody judged',
    { status: 503, flags: 'UF' },
    { kind: 'wrong-identity', expects: 'refusal' },
    'UF',
  ],
  [
    'a subset that is not there',
    { status: 503, flags: 'NC' },
    { kind: 'wrong-subset', expects: 'refusal' },
    'answered',
  ],
  ['a subset that is', {}, { kind: 'wrong-subset', expects: 'refusal' }, 'wrong'],
])('%s', (_what, of, probe, outcome) => {
  expect(classify(sample(0, of), probeOf(probe), versionOf)).toBe(outcome)
})

describe('what a probe saw', () => {
  test('counts per phase, a request in the one it was begun in', () => {
    const [first, second] = measured([
      ...everyTenth(0, 9900),
      sample(9990, { id: 'pod-a/x', status: 503, flags: 'UF', error: 'no', milliseconds: 500 }),
      ...everyTenth(10_500, 20_000, { attempts: 2 }),
      sample(19_999, { version: 'v1' }),
    ])
    expect(first).toMatchObject({
      phase: 'P1',
      sent: 100,
      answered: 99,
      retried: 0,
      lost: 1,
      wrong: 0,
      classes: { UF: 1 },
      p50Milliseconds: 10,
      longestGapMilliseconds: 700,
    })
    expect(first?.losses).toEqual([
      {
        id: 'pod-a/x',
        at: new Date(begin + 9990).toISOString(),
        milliseconds: 500,
        class: 'UF',
        status: 503,
        detail: 'UF no',
      },
    ])
    // The gap reaches over the edge, and is told in both.
    expect(second).toMatchObject({
      phase: 'P2',
      sent: 96,
      answered: 95,
      retried: 95,
      lost: 0,
      wrong: 1,
      longestGapMilliseconds: 700,
    })
  })

  test('tells a probe that waits from one that is silent', () => {
    expect(
      measured([...everyTenth(0, 5000), sample(5000, { milliseconds: 3000 }), ...everyTenth(8000, 20_000)])[0],
    ).toMatchObject({ longestSilenceMilliseconds: 90, longestGapMilliseconds: 3090 })
    expect(measured([...everyTenth(0, 5000), ...everyTenth(8000, 20_000)])[0]?.longestSilenceMilliseconds).toBe(3090)
    expect(measured(everyTenth(0, 14_000)).map(({ longestSilenceMilliseconds }) => longestSilenceMilliseconds)).toEqual(
      [90, 6090],
    )
    expect(measured([])[0]).toMatchObject({ sent: 0, longestSilenceMilliseconds: 20_000, p99Milliseconds: 0 })
  })

  test('does not take the client’s own restart for silence, where it is to be restarted', () => {
    const samples = [
      ...everyTenth(0, 5000),
      ...everyTenth(8000, 20_000).map((request) => ({ ...request, id: request.id.replace('pod-a', 'pod-b') })),
    ]
    expect(measured(samples, { pods: 'restarted' })[0]).toMatchObject({
      longestSilenceMilliseconds: 90,
      longestGapMilliseconds: 100,
    })
    expect(measured(samples)[0]?.longestSilenceMilliseconds).toBe(3090)
  })

  test('keeps a hundred losses, and counts all; quantiles are of answers', () => {
    const [first] = measured([
      ...everyTenth(0, 10_000, { status: 0, exit: 28, milliseconds: 5000 }),
      ...everyTenth(50, 5050, { status: 0, exit: 28 }),
      ...Array.from({ length: 100 }, (_, index) => sample(index * 100 + 20, { milliseconds: index + 1 })),
    ])
    expect([first?.lost, first?.losses.length, first?.p50Milliseconds, first?.p99Milliseconds]).toEqual([
      150, 100, 50, 99,
    ])
  })

  test('a long answer breaks once however often it begins anew, and with another server; an event is named', () => {
    const end = sample(5000, { error: 'the answer ended (200)', milliseconds: 0 })
    const lines = [
      ...everyTenth(0, 5000),
      end,
      sample(5100, { status: 503, flags: 'UF', error: 'no' }),
      ...everyTenth(5500, 12_000),
      ...everyTenth(12_000, 20_000, { instance: 'v2-2' }),
    ]
    const events = [
      {
        at: new Date(begin + 4500).toISOString(),
        cluster: 'cluster2',
        what: 'istio-system/istio-eastwestgateway-1 is gone',
      },
    ]
    const [first, second] = measured(lines, { kind: 'stream' }, events)
    expect(first?.streamBreaks).toEqual([
      {
        at: new Date(begin + 4910).toISOString(),
        gapMilliseconds: 600,
        event: 'cluster2: istio-system/istio-eastwestgateway-1 is gone, 0.4 s before',
      },
    ])
    expect(second?.streamBreaks).toEqual([
      {
        at: new Date(begin + 11_910).toISOString(),
        gapMilliseconds: 100,
        event: 'cluster2: istio-system/istio-eastwestgateway-1 is gone, 7.4 s before',
      },
    ])
  })

  test('a long answer that ends with a pod that its phase replaces has ended as planned', () => {
    const lines = [
      ...everyTenth(0, 5000),
      ...everyTenth(5500, 14_000, { instance: 'v2-2' }),
      ...everyTenth(14_500, 20_000),
    ]
    const gone = (pod: string, at: number) => ({
      at: new Date(begin + at).toISOString(),
      cluster: 'cluster2',
      what: `${pod} is gone`,
    })
    const planned = (...events: Parameters<typeof measured>[2] & object): (true | undefined)[] =>
      measured(lines, { kind: 'stream' }, events).flatMap(({ streamBreaks }) =>
        streamBreaks.map((streamBreak) => streamBreak.planned),
      )
    // P1 replaces nothing, and P2 the workloads.
    expect(planned(gone('app1/target-1', 4500), gone('app1/target-2', 13_900))).toEqual([undefined, true])
    expect(planned(gone('istio-system/istio-eastwestgateway-1', 13_900))).toEqual([undefined, undefined])
    expect(planned()).toEqual([undefined, undefined])
  })
})

test('lanes are second by second: good, not good, the slowest; all as long as the longest', () => {
  const lanes = lanesOf(
    [
      {
        probe: probeOf(),
        samples: [
          ...everyTenth(0, 1000),
          sample(1500, { status: 503, flags: 'UF' }),
          sample(1600, { milliseconds: 70.4 }),
          sample(-500),
        ],
      },
      { probe: probeOf({ id: 'q' }), samples: everyTenth(0, 3000) },
    ],
    begin,
    versionOf,
  )
  expect(lanes).toEqual([
    {
      probe: 'there',
      seconds: [
        [10, 0, 10],
        [1, 1, 70],
        [0, 0, 0],
      ],
    },
    {
      probe: 'q',
      seconds: [
        [10, 0, 10],
        [10, 0, 10],
        [10, 0, 10],
      ],
    },
  ])
})

test('a host stood still where traffic outside the mesh stopped for a second', () => {
  const samples = [
    ...everyTenth(0, 5000),
    sample(5000, { milliseconds: 3000 }),
    ...everyTenth(8000, 9000),
    ...everyTenth(9800, 11_000),
  ]
  expect(
    stallsOf([
      { probe: probeOf({ kind: 'outside', from: 'cluster2' }), samples },
      { probe: probeOf(), samples },
    ]),
  ).toEqual([{ cluster: 'cluster2', from: begin + 4910, to: begin + 8000 }])
})
