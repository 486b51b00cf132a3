import { found } from '#commands/upgrade/verdict/findings.ts'
import type {
  CheckResult,
  Lane,
  CheckLayer,
  Loss,
  Measured,
  PhaseKind,
  Probe,
  RunningRelease,
  Results,
  Upgrade,
  UpgradeEvent,
  UpgradeFinding,
  UpgradePhaseResult,
  UpgradeVerdict,
} from '#results/results.ts'
import { clustersOf } from '#results/results.ts'
import { evidenceOf } from './report-evidence.ts'
import { checkResult, resultsOf, topologyResult } from './results.ts'
import { upgradeProbes } from './upgrade-probes.ts'

/**
 * What went wrong in an upgrade: nothing; requests lost while cluster2’s workloads were restarted; or a machine that
 * stood still in P6.
 */
export type UpgradeStory = 'healthy' | 'losses' | 'stall'

const begin = Date.UTC(2026, 1, 1, 12)
const at = (seconds: number): string => new Date(begin + seconds * 1000).toISOString()
const perSecond = 12
const releases = { from: { istio: '1.30-dev', envoy: '1.38.3' }, to: { istio: '1.31-dev', envoy: '1.39.3' } }

const waitForIstiod = 'cluster1: wait for istiod'

const phases: [id: UpgradePhaseResult['id'], name: string, kind: PhaseKind, steps: string[]][] = [
  ['P0', 'preflight', 'preflight', ['look at both releases']],
  ['P1', 'baseline', 'baseline', ['install 1.30-dev', 'start the probes']],
  ['P2', 'cluster1: control plane', 'control-plane', ['cluster1: install 1.31-dev’s istiod', waitForIstiod]],
  ['P3', 'cluster1: workloads', 'workloads', ['cluster1: restart the workloads']],
  ['P4', 'cluster1: gateways', 'gateways', ['cluster1: install 1.31-dev’s gateway', 'half-upgraded: let it run']],
  ['P5', 'cluster2: control plane', 'control-plane', ['cluster2: install 1.31-dev’s remote profile']],
  ['P6', 'cluster2: workloads', 'workloads', ['cluster2: restart the workloads']],
  ['P7', 'cluster2: gateways', 'gateways', ['cluster2: install 1.31-dev’s gateway']],
  ['P8', 'old control plane removed', 'removal', ['move the default tag', 'remove 1.30-dev']],
  ['P9', 'remote secret rotated', 'secrets', ['rotate the remote secret', 'restart istiod']],
]

const asked: [CheckLayer, string][] = [
  ['network', 'net.gateway-open'],
  ['trust', 'trust.same-root'],
  ['trust', 'trust.chain'],
  ['control', 'control.ready'],
  ['control', 'control.injection'],
  ['control', 'control.remote-clusters'],
  ['discovery', 'discovery.endpoints'],
  ['discovery', 'discovery.dns'],
  ['reach', 'reach.local'],
  ['reach', 'reach.both-versions'],
  ['reach', 'reach.path'],
  ['route', 'route.pin-v2'],
  ['mtls', 'mtls.strict'],
  ['mtls', 'mtls.identity'],
  ['mtls', 'mtls.wire'],
]

/**
 * Results of an upgrade of two clusters, with 30 checks after each of its ten phases; `phaseSeconds` is how long each
 * phase under traffic takes. Every figure comes from its lanes.
 */
export const upgradeResults = (
  story: UpgradeStory = 'healthy',
  { phaseSeconds = 42, probes = upgradeProbes() }: { phaseSeconds?: number; probes?: Probe[] } = {},
): Results => {
  const when = phases.map((_, index) => ({
    from: index === 0 ? -8 : (index - 1) * phaseSeconds,
    until: index === 0 ? 0 : index * phaseSeconds,
  }))
  const troubled = when[6] ?? { from: 0, until: 0 }
  const random = randomOf(7)
  const lanes = probes.map((probe): Lane => ({
    probe: probe.id,
    seconds: secondsOf(probe, story, (phases.length - 1) * phaseSeconds, troubled.from, random),
  }))
  const measured = phases
    .slice(1)
    .flatMap(([id], index) =>
      probes.map((probe, lane) =>
        measure(
          probe,
          id,
          index * phaseSeconds,
          lanes[lane]?.seconds.slice(index * phaseSeconds, (index + 1) * phaseSeconds) ?? [],
        ),
      ),
    )
  const findings = findingsOf(story, measured)
  const worst = ({ healthy: 'pass', losses: 'fail', stall: 'inconclusive' } as const)[story]
  const verdictOf = (id: string): UpgradeVerdict =>
    id === 'P6' ? worst : (findings.find(({ phase }) => phase === id)?.verdict ?? 'pass')
  const upgrade: Upgrade = {
    ...releases,
    strategy: 'in-place',
    budgets: { maxLoss: 0.001, maxGapMilliseconds: 1000, maxP99Ratio: 1.5 },
    verdict: worst,
    findings,
    phases: phases.map(([id, name, kind, steps], index): UpgradePhaseResult => {
      const { from, until } = when[index] ?? { from: 0, until: 0 }
      return {
        id,
        name,
        kind,
        startedAt: at(from),
        seconds: until - from,
        verdict: verdictOf(id),
        reason: findings.find(({ phase }) => phase === id)?.seen ?? '',
        steps: steps.map((step, nth) => ({ name: step, startedAt: at(from + nth * 4), seconds: 3.5, verdict: 'pass' })),
        checks: checksAt(from + 12),
        releases: runningAt(index),
      }
    }),
    leftOut: [
      { phase: 'P10', why: 'no --rotate-ca' },
      { phase: 'P11', why: 'no --rollback' },
    ],
    probes,
    measured,
    timeline: { startedAt: at(0), lanes, events: eventsOf(story, when) },
    overhead: { probes: 0.031, proxies: 0.12 },
    changedDefaults: ['1.31: gateways are merged strictly', '1.31: unhealthy endpoints are sent'],
  }
  const verdict = worst === 'inconclusive' ? 'not-run' : worst
  const results = resultsOf(
    topologyResult([], {
      upgrade,
      verdict,
      phases: [
        { name: 'images', startedAt: at(-70), seconds: 0.2, verdict: 'pass' },
        { name: 'cluster1: created', startedAt: at(-69), seconds: 21, verdict: 'pass' },
      ],
    }),
  )
  return {
    ...results,
    run: {
      ...results.run,
      command: 'meshproof upgrade --topology=gateway --from=1.30 --to=1.31',
      startedAt: at(-70),
      finishedAt: at((phases.length - 1) * phaseSeconds + 5),
      exitCode: verdict === 'pass' ? 0 : verdict === 'fail' ? 1 : 2,
    },
    environment: { ...results.environment, istio: '1.30-dev', envoy: '1.38.3', kubernetes: 'v1.34.4' },
  }
}

// A generator of numbers from 0 to 1, the same ones every time (Numerical Recipes’ constants).
const randomOf = (seed: number) => (): number => {
  seed = (seed * 1_664_525 + 1_013_904_223) % 2 ** 32
  return seed / 2 ** 32
}

// Losses and the stall begin some seconds into the phase in trouble.
const secondsOf = (
  probe: Probe,
  story: UpgradeStory,
  seconds: number,
  troubled: number,
  random: () => number,
): Lane['seconds'] =>
  Array.from({ length: seconds }, (_, second) => {
    const into = second - troubled
    const slowest = Math.round((probe.from === probe.to ? 6 : 11) + random() * (random() < 0.03 ? 45 : 7))
    if (story === 'stall' && into >= 15 && into < 18) return [0, 0, 0]
    if (story === 'stall' && into === 18) return [perSecond, 0, 3020]
    if (story === 'losses' && suffers(probe) && [9, 10, 14].includes(into)) {
      const lost = probe.retries === 'none' ? 3 : 1
      return [perSecond - lost, lost, 5002]
    }
    return [perSecond, 0, slowest]
  })

const suffers = ({ kind, to, pods }: Probe): boolean =>
  kind === 'new-connection' && to === 'cluster2' && pods === 'kept'

const measure = (probe: Probe, phase: string, since: number, seconds: Lane['seconds']): Measured => {
  const losses = seconds.flatMap(([, lost], second) =>
    Array.from({ length: lost }, (_, nth): Loss => {
      const timeout = nth === 0
      return {
        id: `${probe.from}-probe/${(since + second) * perSecond + nth}`,
        at: at(since + second + nth * 0.2),
        milliseconds: timeout ? 5002 : 14,
        class: timeout ? 'timeout' : 'UF',
        status: timeout ? 0 : 503,
        detail: timeout ? 'Operation timed out after 5002 milliseconds' : 'upstream connect error',
      }
    }),
  )
  const answered = seconds.reduce((sum, [good]) => sum + good, 0)
  const slowest = seconds.map(([, , milliseconds]) => milliseconds).toSorted((a, b) => a - b)
  const stalled = seconds.some(([good, lost]) => good + lost === 0)
  return {
    probe: probe.id,
    phase,
    sent: answered + losses.length,
    answered,
    retried: probe.retries === 'default' && losses.length > 0 ? 2 : 0,
    lost: losses.length,
    losses,
    classes: Object.fromEntries(
      [...Map.groupBy(losses, (loss) => loss.class)].map(([name, same]) => [name, same.length]),
    ),
    wrong: 0,
    longestGapMilliseconds: stalled ? 3020 : losses.length > 0 ? 410 : 96,
    longestSilenceMilliseconds: stalled ? 3010 : 12,
    p50Milliseconds: slowest[Math.floor(slowest.length * 0.2)] ?? 0,
    p99Milliseconds: slowest[Math.floor(slowest.length * 0.9)] ?? 0,
    streamBreaks:
      probe.kind === 'stream' && phase === 'P6' && losses.length + Number(stalled) > 0
        ? [{ at: at(since + 15), gapMilliseconds: 3010, event: 'cluster2: the node stood still' }]
        : [],
  }
}

const findingsOf = (story: UpgradeStory, measured: readonly Measured[]): UpgradeFinding[] => {
  const worst = measured
    .toSorted((a, b) => b.lost - a.lost)
    .find(({ probe, lost }) => lost > 0 && !probe.includes('no-retries'))
  if (story === 'losses' && worst)
    return [
      found(
        'MP-941',
        'P6',
        `${worst.lost} of ${worst.sent} lost, all of them timeouts, while helloworld-v2-7f9c’s pod went`,
        { probe: worst.probe },
      ),
      found('MP-957', 'P7', 'p99 64 ms, 12 ms at the baseline', { probe: 'cluster1→cluster2 keep-alive' }),
    ]
  return story === 'stall' ? [found('MP-952', 'P6', 'every probe silent for 3.0 s, also those outside the mesh')] : []
}

const eventsOf = (story: UpgradeStory, when: readonly { from: number }[]): UpgradeEvent[] =>
  when.flatMap(({ from }, index): UpgradeEvent[] => {
    const [, , kind, steps = []] = phases[index] ?? []
    const cluster = index > 4 && index < 8 ? 'cluster2' : 'cluster1'
    const pod = {
      'control-plane': 'istiod-6d',
      workloads: 'helloworld-v2-7f9c',
      gateways: 'istio-eastwestgateway-5b',
      removal: 'istiod-4c',
      secrets: 'istiod-6d',
    }[String(kind)]
    if (index === 0) return []
    return [
      ...steps.map((step, nth) => ({ at: at(from + nth * 4), cluster, what: `step: ${step}` })),
      ...(pod === undefined
        ? []
        : [
            { at: at(from + 5), cluster, what: `pod ${pod} became ready` },
            { at: at(from + 9), cluster, what: `pod ${pod} went` },
          ]),
      ...(story === 'stall' && index === 6
        ? [{ at: at(from + 15), cluster, what: 'the node stood still for 3.0 s' }]
        : []),
    ]
  })

const checksAt = (seconds: number): CheckResult[] => {
  const { clusters } = topologyResult([])
  return asked.flatMap(([layer, id]) =>
    clusters
      .map(({ name }) => name)
      .map((from) =>
        checkResult({
          id,
          layer,
          from: [from],
          to: clusters.map(({ name }) => name).filter((name) => name !== from),
          attempts: [
            {
              startedAt: at(seconds),
              seconds: 0.9,
              verdict: 'pass',
              reason: '21 of 21 answered',
              evidence: evidenceOf({ id, layer, from: [from] }, clustersOf({ clusters }), true),
            },
          ],
        }),
      ),
  )
}

// In order: a cluster’s control plane, its workloads and its gateway, each from its own phase on.
const runningAt = (phase: number): RunningRelease[] =>
  ['cluster1', 'cluster2'].flatMap((cluster, nth) =>
    ['istiod', 'helloworld', 'istio-eastwestgateway'].map((workload, kind) => ({
      cluster,
      workload,
      ...(phase >= 2 + nth * 3 + kind ? releases.to : releases.from),
    })),
  )
