import { describe, expect, test } from 'vitest'
import type { CauseCode } from '#results/causes.ts'
import { diagnosisOf } from '#results/explain.ts'
import type {
  Loss,
  LossClass,
  Measured,
  PhaseId,
  PhaseKind,
  RunningRelease,
  UpgradePhaseResult,
} from '#results/results.ts'
import { checkResult } from '#testing/results.ts'
import { probeOf } from '#testing/upgrade-probes.ts'
import type { Case } from './case.ts'
import { judge } from './judge.ts'
import type { Latency } from './latency.ts'
import { asTopology, exitCodeOf } from './verdict.ts'

const begin = Date.UTC(2026, 0, 1)
const kinds: [PhaseId, PhaseKind][] = [
  ['P1', 'baseline'],
  ['P2', 'control-plane'],
  ['P3', 'workloads'],
  ['P4', 'gateways'],
  ['P8', 'removal'],
  ['P9', 'secrets'],
]
const startOf = (id: PhaseId): number => begin + kinds.findIndex(([one]) => one === id) * 30_000
const phases = kinds
  .map(([id, kind]): UpgradePhaseResult => ({
    id,
    name: kind,
    kind,
    startedAt: new Date(startOf(id)).toISOString(),
    seconds: 30,
    verdict: 'not-run',
    reason: 'running',
    steps: [],
    checks: [checkResult()],
    releases: [],
  }))
  .map((phase) => ({ ...phase, verdict: 'pass' as const, reason: '' }))
const probes = [
  probeOf({ id: 'there' }),
  probeOf({ id: 'back', from: 'cluster2', to: 'cluster1' }),
  probeOf({ id: 'bare', retries: 'none' }),
  probeOf({ id: 'local', to: 'cluster1' }),
  probeOf({ id: 'stream', kind: 'stream' }),
  probeOf({ id: 'plain', kind: 'plaintext', expects: 'refusal' }),
  probeOf({ id: 'stranger', kind: 'wrong-identity', expects: 'refusal' }),
  probeOf({ id: 'outside', to: 'cluster1', kind: 'outside' }),
]
const good = (probe: string, phase: PhaseId): Measured => ({
  probe,
  phase,
  sent: 1000,
  answered: 1000,
  retried: 0,
  lost: 0,
  losses: [],
  classes: {},
  wrong: 0,
  longestGapMilliseconds: 110,
  longestSilenceMilliseconds: 90,
  p50Milliseconds: 10,
  p99Milliseconds: 20,
  streamBreaks: [],
})
const losing = (phase: PhaseId, kind: LossClass, count = 1, at = 10_000): Partial<Measured> => ({
  lost: count,
  answered: 1000 - count,
  classes: { [kind]: count },
  losses: Array.from({ length: Math.min(count, 100) }, (_, index): Loss => ({
    id: `prober-1/${index}`,
    at: new Date(startOf(phase) + at).toISOString(),
    milliseconds: 100,
    class: kind,
    status: 503,
    detail: '',
  })),
})
/** A healthy upgrade but for what some probes saw in some phases (`P4 there`). */
const judged = (saw: Record<string, Partial<Measured>> = {}, of: Partial<Case> = {}) =>
  judge({
    phases,
    probes,
    budgets: { maxLoss: 0.001, maxGapMilliseconds: 1000, maxP99Ratio: 1.5 },
    events: [],
    stalls: [],
    latencies: [],
    stages: {},
    measured: kinds.flatMap(([phase]) => probes.map(({ id }) => ({ ...good(id, phase), ...saw[`${phase} ${id}`] }))),
    ...of,
  })
const codes = (saw: Record<string, Partial<Measured>> = {}, of: Partial<Case> = {}): string[] =>
  judged(saw, of).findings.map(({ phase, code }) => `${phase} ${code}`)
const ended = (phase: PhaseId, pod: string, at = 10_000) => ({
  at: new Date(startOf(phase) + at).toISOString(),
  cluster: 'cluster2',
  what: `${pod} is terminating`,
})
const withPhase = (id: PhaseId, of: Partial<UpgradePhaseResult>): UpgradePhaseResult[] =>
  phases.map((phase) => (phase.id === id ? { ...phase, ...of } : phase))

test('a healthy upgrade passes, and its phases say what was asked', () => {
  const { verdict, findings, phases: judgedPhases } = judged()
  expect([verdict, findings]).toEqual(['pass', []])
  expect(judgedPhases.map((phase) => [phase.verdict, phase.reason])).toEqual(
    phases.map(() => ['pass', '0 of 6000 lost']),
  )
})

describe('what is lost', () => {
  test.each<PhaseId>(['P2', 'P8', 'P9'])('fails in %s, which restarts no proxy, with retries and without', (phase) => {
    expect(codes({ [`${phase} there`]: losing(phase, 'UF') })).toEqual([`${phase} MP-942`])
    expect(codes({ [`${phase} bare`]: losing(phase, 'UF') })).toEqual([`${phase} MP-942`])
    expect(
      codes({
        [`${phase} stream`]: {
          streamBreaks: [{ at: new Date(startOf(phase) + 9000).toISOString(), gapMilliseconds: 100, event: '' }],
        },
      }),
    ).toEqual([`${phase} MP-945`])
  })

  test('fails with retries in every phase, without them beyond the budget alone', () => {
    expect(codes({ 'P4 there': losing('P4', 'UF') })).toEqual(['P4 MP-941'])
    expect(codes({ 'P4 bare': losing('P4', 'UF', 1) })).toEqual([])
    expect(codes({ 'P4 bare': losing('P4', 'UF', 2) })).toEqual(['P4 MP-943'])
  })

  test('fails for a gap beyond the budget in which something was lost; without a loss an answer was slow', () => {
    expect(codes({ 'P4 bare': { ...losing('P4', 'UF', 1), longestGapMilliseconds: 1200 } })).toEqual(['P4 MP-944'])
    expect(codes({ 'P4 bare': { ...losing('P4', 'UF', 1), longestGapMilliseconds: 1050 } })).toEqual([])
    expect(codes({ 'P4 bare': { longestGapMilliseconds: 1200 } })).toEqual([])
  })

  test('while the workload’s own pod ends is the workload’s, in its phase alone; at other times it is not', () => {
    const events = [ended('P3', 'app1/helloworld-v2-1')]
    expect(codes({ 'P3 there': losing('P3', 'timeout') }, { events })).toEqual(['P3 MP-938'])
    expect(codes({ 'P3 there': losing('P3', 'timeout', 1, 25_000) }, { events })).toEqual(['P3 MP-941'])
    expect(codes({ 'P4 there': losing('P4', 'timeout') }, { events: [ended('P4', 'app1/helloworld-v2-1')] })).toEqual([
      'P4 MP-941',
    ])
  })

  test('names the cause that its classes tell', () => {
    expect(codes({ 'P2 there': losing('P2', 'tls', 50), 'P2 back': losing('P2', 'tls', 50) })).toEqual(['P2 MP-931'])
    expect(codes({ 'P4 there': losing('P4', 'NR', 5) })).toEqual(['P4 MP-932'])
    expect(codes({ 'P4 there': losing('P4', 'UF', 500) })).toEqual(['P4 MP-932'])
    expect(codes({ 'P2 there': losing('P2', 'UH', 50) })).toEqual(['P2 MP-933'])
    expect(codes({ 'P2 there': { wrong: 900, answered: 100 } })).toEqual(['P2 MP-933'])
    expect(codes({ 'P2 local': { wrong: 1, answered: 999 } })).toEqual(['P2 MP-946'])
  })

  test('follows in later phases from a cause that lasts, but not within a cluster', () => {
    const { findings } = judged({
      'P4 there': losing('P4', 'NR', 500),
      'P8 there': losing('P8', 'UH', 900),
      'P9 local': losing('P9', 'UF'),
    })
    expect(findings.map(({ phase, code, cause }) => [phase, code, cause.startsWith('follows from P4')])).toEqual([
      ['P4', 'MP-932', false],
      ['P8', 'MP-932', true],
      ['P9', 'MP-942', false],
    ])
  })
})

test('a long answer that ends with a pod on its way is told and not failed', () => {
  const saw = (phase: PhaseId) => ({
    [`${phase} stream`]: {
      streamBreaks: [{ at: new Date(startOf(phase) + 9000).toISOString(), gapMilliseconds: 100, event: '' }],
    },
  })
  const { verdict, phases: judgedPhases } = judged(saw('P3'), { events: [ended('P3', 'app1/probe-target-1')] })
  expect([verdict, judgedPhases[2]?.reason]).toEqual([
    'pass',
    '0 of 6000 lost; long answers that ended with restarted pods: 1',
  ])
  expect(codes(saw('P3'))).toEqual(['P3 MP-945'])
  expect(codes(saw('P4'), { events: [ended('P4', 'istio-system/istio-eastwestgateway-1')] })).toEqual([])
  expect(codes(saw('P4'), { events: [ended('P4', 'istio-system/istiod-1')] })).toEqual(['P4 MP-945'])
})

test('what must be refused and is answered fails, at the baseline too', () => {
  expect(codes({ 'P2 plain': { wrong: 1 } })).toEqual(['P2 MP-936'])
  expect(codes({ 'P1 stranger': { wrong: 1 } })).toEqual(['P1 MP-937'])
})

describe('slower answers', () => {
  const slow = (p99Milliseconds: number, of: Partial<Latency> = {}): Latency => ({
    phase: 'P2',
    from: 'cluster1',
    to: 'cluster2',
    answered: 1000,
    leftOut: 0,
    p99Milliseconds,
    typicalSlowestMilliseconds: p99Milliseconds,
    meshMilliseconds: 20,
    outsideMilliseconds: 20,
    slowest: 'there',
    ...of,
  })
  const baseline = slow(20, { phase: 'P1' })
  const withLatency = (latency: Latency) => judged({}, { latencies: [baseline, latency] })

  test('warn, beyond the ratio and 50 ms, beside how slow it is outside the mesh', () => {
    expect(withLatency(slow(69)).verdict).toBe('pass')
    const { verdict, findings } = withLatency(slow(71))
    expect([verdict, findings[0]?.code, findings[0]?.probe, findings[0]?.seen]).toEqual([
      'warn',
      'MP-957',
      'there',
      'p99 from cluster1 to cluster2: 71 ms, and 20 ms at the baseline; outside the mesh 20 ms, and 20 ms at the ' +
        'baseline',
    ])
    expect(judged({}, { latencies: [slow(200, { phase: 'P1' }), slow(299)] }).verdict).toBe('pass')
    expect(judged({}, { latencies: [slow(200, { phase: 'P1' }), slow(301)] }).verdict).toBe('warn')
  })

  test('do not warn by twice as much as the traffic outside the mesh became slower', () => {
    expect(withLatency(slow(149, { outsideMilliseconds: 60 })).verdict).toBe('pass')
    expect(withLatency(slow(151, { outsideMilliseconds: 60 })).verdict).toBe('warn')
    // Outside the mesh it became faster: that does not make the mesh slower.
    expect(withLatency(slow(69, { outsideMilliseconds: 1 })).verdict).toBe('pass')
  })

  test('are slower than all directions together were, and not by chance than the quickest of them was', () => {
    const busy = slow(20, { phase: 'P1', meshMilliseconds: 100 })
    expect(judged({}, { latencies: [busy, slow(149)] }).verdict).toBe('pass')
    expect(judged({}, { latencies: [busy, slow(151)] }).verdict).toBe('warn')
  })

  test('do not warn where most seconds have none: pods that start slow a machine for a moment', () => {
    expect(withLatency(slow(300, { typicalSlowestMilliseconds: 69 })).verdict).toBe('pass')
    expect(withLatency(slow(300, { typicalSlowestMilliseconds: 71 })).verdict).toBe('warn')
  })

  test('do not warn where too few of them count, nor compared with another direction', () => {
    expect(withLatency(slow(500, { answered: 99, leftOut: 901 })).verdict).toBe('pass')
    expect(withLatency(slow(500, { from: 'cluster2' })).verdict).toBe('pass')
  })
})

describe('what leaves a verdict open', () => {
  const stall = { cluster: 'cluster2', from: startOf('P2') + 9000, to: startOf('P2') + 12_000 }
  test('a baseline that loses, and what the same probe loses later; what others lose fails', () => {
    expect(judged({ 'P1 there': losing('P1', 'UF'), 'P2 there': losing('P2', 'UF', 3) })).toMatchObject({
      verdict: 'inconclusive',
      findings: [
        { phase: 'P1', code: 'MP-951' },
        { phase: 'P2', code: 'MP-951' },
      ],
    })
    expect(judged({ 'P1 there': losing('P1', 'UF'), 'P2 local': losing('P2', 'UF') }).verdict).toBe('fail')
  })

  test('a silent probe, and too few requests', () => {
    expect(
      codes({ 'P2 there': { longestSilenceMilliseconds: 2100 }, 'P3 bare': { longestSilenceMilliseconds: 1900 } }),
    ).toEqual(['P2 MP-952'])
    expect(codes({ 'P2 there': { sent: 199, answered: 199 } })).toEqual(['P2 MP-954'])
    expect(judged({}, { measured: [] }).verdict).toBe('inconclusive')
  })

  test('a host that stood still excuses what was lost at that very time, and nothing else', () => {
    expect(judged({ 'P2 there': losing('P2', 'timeout', 5) }, { stalls: [stall] })).toMatchObject({
      verdict: 'inconclusive',
      findings: [{ code: 'MP-953' }],
    })
    expect(codes({ 'P2 there': losing('P2', 'timeout', 5, 20_000) }, { stalls: [stall] })).toEqual([
      'P2 MP-942',
      'P2 MP-953',
    ])
    expect(codes({ 'P2 local': losing('P2', 'timeout', 5) }, { stalls: [stall] })).toContain('P2 MP-942')
    expect(judged({}, { stalls: [stall] }).verdict).toBe('inconclusive')
    expect(judged({}, { stalls: [{ ...stall, to: stall.from + 1500 }] }).verdict).toBe('pass')
  })

  test('a check that could not be asked, or only while the host stood still', () => {
    expect(
      codes({}, { phases: withPhase('P2', { checks: [checkResult({ verdict: 'not-run', reason: 'no answer' })] }) }),
    ).toEqual(['P2 MP-955'])
    const attempts = [
      {
        startedAt: new Date(stall.from + 500).toISOString(),
        seconds: 1,
        verdict: 'fail' as const,
        reason: '',
        evidence: [],
      },
    ]
    expect(
      codes({}, { stalls: [stall], phases: withPhase('P2', { checks: [checkResult({ verdict: 'fail', attempts })] }) }),
    ).toEqual(['P2 MP-953', 'P2 MP-955'])
  })

  test('a phase that was not run, and a baseline that is missing', () => {
    const {
      verdict,
      phases: judgedPhases,
      findings,
    } = judged({}, { phases: withPhase('P9', { verdict: 'not-run', reason: 'the run ended' }) })
    expect([verdict, judgedPhases.at(-1)?.reason, asTopology({ verdict, findings, phases: judgedPhases })]).toEqual([
      'not-run',
      'the run ended',
      { verdict: 'not-run', reason: 'P9 secrets was not run: the run ended' },
    ])
    expect(judged({}, { phases: phases.slice(1) }).verdict).toBe('not-run')
    expect(judged({}, { phases: [] }).verdict).toBe('not-run')
  })
})

describe('checks and releases', () => {
  const failing = (id: PhaseId, code: CauseCode, of = {}): string[] =>
    codes(
      {},
      {
        phases: withPhase(id, {
          checks: [checkResult({ verdict: 'fail', diagnosis: diagnosisOf(code), ...of })],
        }),
      },
    )
  test('a failed check fails with its own cause, or what that means in an upgrade', () => {
    expect(failing('P2', 'MP-732')).toEqual(['P2 MP-732'])
    expect(failing('P2', 'MP-721')).toEqual(['P2 MP-931'])
    expect(failing('P1', 'MP-721')).toEqual(['P1 MP-721'])
    expect(failing('P3', 'MP-736')).toEqual(['P3 MP-935'])
    expect(failing('P2', 'MP-741')).toEqual(['P2 MP-933'])
    expect(failing('P4', 'MP-752')).toEqual(['P4 MP-932'])
    expect(failing('P2', 'MP-773')).toEqual(['P2 MP-936'])
    expect(codes({}, { phases: withPhase('P2', { checks: [checkResult({ verdict: 'fail' })] }) })).toEqual([
      'P2 MP-948',
    ])
  })

  test('where plaintext is answered, missing certificates and endpoints of other networks are no cause', () => {
    const check = (code: CauseCode): ReturnType<typeof checkResult> =>
      checkResult({ verdict: 'fail', diagnosis: diagnosisOf(code) })
    const with722 = withPhase('P2', { checks: [check('MP-722'), check('MP-725')] })
    expect(codes({ 'P2 plain': { wrong: 1 }, 'P2 there': losing('P2', 'UH') }, { phases: with722 })).toEqual([
      'P2 MP-936',
      'P2 MP-725',
    ])
    expect(codes({}, { phases: with722 })).toEqual(['P2 MP-931', 'P2 MP-725'])
  })

  test('a retry warns, and a step that fails fails once the upgrade has begun', () => {
    expect(judged({}, { phases: withPhase('P2', { checks: [checkResult({ verdict: 'flaky' })] }) }).verdict).toBe(
      'warn',
    )
    const steps = [{ name: 'install', startedAt: new Date(begin).toISOString(), seconds: 3, verdict: 'fail' as const }]
    expect(codes({}, { phases: withPhase('P2', { steps }) })).toEqual(['P2 MP-949'])
    expect(codes({}, { phases: withPhase('P1', { steps }) })).toEqual(['P1 MP-956'])
  })

  test('a release that should not run any more is named; of pods that are kept on purpose it is not', () => {
    const [old, next] = [
      { istio: '1.30-dev', envoy: '1.38.3', revision: 'default' },
      { istio: '1.31-dev', envoy: '1.39.3', revision: 'default' },
    ]
    const running = (pod: string, { istio, envoy }: typeof old): RunningRelease => ({
      cluster: 'cluster1',
      workload: `app1/${pod}`,
      istio,
      envoy,
    })
    const stages = (phase: PhaseId) =>
      ({
        [phase]: {
          phase,
          controlPlanes: { cluster1: [next] },
          workloads: { cluster1: next },
          gateways: {},
          gatewayReplicas: 2,
        },
      }) as Case['stages']
    const named = (phase: PhaseId, ...releases: RunningRelease[]): string[] =>
      codes({}, { phases: withPhase(phase, { releases }), stages: stages(phase) })
    expect(named('P8', running('sleep-5d6c-x2x', old))).toEqual(['P8 MP-934'])
    expect(named('P3', running('sleep-5d6c-x2x', old))).toEqual(['P3 MP-939'])
    expect(named('P3', running('istiod-5d6c-x2x', { ...old, envoy: '' }))).toEqual(['P3 MP-939'])
    expect(
      named(
        'P8',
        running('sleep-5d6c-x2x', next),
        running('istiod-5d6c-x2x', { ...next, envoy: '' }),
        running('prober-5d6c-x2x', old),
        running('prober-stranger-5d6c-x2x', old),
      ),
    ).toEqual([])
  })
})

test('findings come worst first, then by phase; exit codes never call green what is not known', () => {
  expect(
    codes({
      'P3 there': { longestSilenceMilliseconds: 3000 },
      'P8 there': losing('P8', 'UF'),
      'P2 plain': { wrong: 1 },
      'P2 local': losing('P2', 'UF'),
    }),
  ).toEqual(['P2 MP-936', 'P2 MP-942', 'P8 MP-942', 'P3 MP-952'])
  expect((['pass', 'warn', 'fail', 'inconclusive', 'not-run'] as const).map(exitCodeOf)).toEqual([0, 0, 1, 2, 2])
})
