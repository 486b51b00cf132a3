import { fewestOf } from '#commands/upgrade/traffic/enough.ts'
import type { UpgradeFinding } from '#results/results.ts'
import { lostOf, type PhaseCase } from './case.ts'
import { found } from './findings.ts'
import { stallsIn } from './stalls.ts'

/**
 * The longest silence of a probe, and the longest stall of a host, that still allow a verdict, in milliseconds.
 */
const tooLong = 2000

/**
 * The findings that make the verdict of a phase inconclusive: too few requests, silent probes, a stalled host. And a
 * warning for slower answers.
 */
export const knowledgeFindings = (given: PhaseCase): UpgradeFinding[] => {
  const { phase, probes, observations, stalls } = given
  const [from, to] = [Date.parse(phase.startedAt), Date.parse(phase.startedAt) + phase.seconds * 1000]
  if (phase.kind === 'preflight') return []
  const few = probes
    .flatMap((planned) => {
      const sent = observations.find(({ probe }) => probe.id === planned.id)?.measured.sent ?? 0
      const fewest = fewestOf(planned)
      return sent < fewest ? [{ id: planned.id, sent, fewest }] : []
    })
    .toSorted((a, b) => a.sent - b.sent)
  const stalled = stalls.filter((stall) => stall.from < to && stall.to > from).toSorted((a, b) => lasted(b) - lasted(a))
  const excused = observations.reduce((total, observation) => total + lostOf(observation, stalls).excused, 0)
  const silent = observations
    .filter(
      ({ probe, measured }) =>
        measured.longestSilenceMilliseconds > tooLong &&
        !stallsIn(stalls, [probe.from, probe.to], from, to).some((stall) => lasted(stall) > tooLong),
    )
    .toSorted((a, b) => b.measured.longestSilenceMilliseconds - a.measured.longestSilenceMilliseconds)
  const [longest, quietest, least] = [stalled[0], silent[0], few[0]]
  return [
    ...(longest !== undefined && (lasted(longest) > tooLong || excused > 0)
      ? [
          found(
            'MP-953',
            phase.id,
            `traffic outside the mesh in ${longest.cluster} stopped for ${(lasted(longest) / 1000).toFixed(1)} s ` +
              `at ${new Date(longest.from).toISOString()}; ${excused} requests were lost meanwhile`,
          ),
        ]
      : []),
    ...(quietest
      ? [
          found(
            'MP-952',
            phase.id,
            `${silent.length} of ${probes.length} probes, for up to ` +
              `${(quietest.measured.longestSilenceMilliseconds / 1000).toFixed(1)} s`,
            { probe: quietest.probe.id },
          ),
        ]
      : []),
    ...(least
      ? [
          found(
            'MP-954',
            phase.id,
            `${few.length} of ${probes.length} probes sent too few, one of them ${least.sent} and not ${least.fewest}`,
            { probe: least.id },
          ),
        ]
      : probes.length === 0
        ? [found('MP-954', phase.id, 'no probe was running')]
        : []),
    ...slowerAnswers(given),
  ]
}

/** How many answers of a direction must count in a phase, so that its p99 says something. */
const enough = 100

/**
 * How much more a machine that is short of processor time slows requests in the mesh than those outside: four programs
 * must get their turn (client, two proxies, server) where outside there are two.
 */
const turns = 2

/**
 * The warning for slower answers. A direction is slower if its p99 exceeds the budget plus twice the time by which
 * traffic outside the mesh became slower: a machine with too little processor time slows both. At the baseline the p99
 * of one direction on a busy machine is a matter of chance, so that of all directions together counts where it is
 * longer. Most seconds must have an answer that slow: pods that start slow the whole machine for a second or two, and
 * with it the p99 of a phase, although no proxy became slower.
 */
const slowerAnswers = ({ phase, phases, latencies, budgets }: PhaseCase): UpgradeFinding[] => {
  const baselineId = phases.find(({ kind }) => kind === 'baseline')?.id
  if (phase.id === baselineId) return []
  const slower = latencies
    .filter((latency) => latency.phase === phase.id && latency.answered >= enough)
    .flatMap((latency) => {
      const baseline = latencies.find(
        ({ phase: id, from, to }) => id === baselineId && from === latency.from && to === latency.to,
      )
      if (baseline === undefined) return []
      const lacked = Math.max(0, latency.outsideMilliseconds - baseline.outsideMilliseconds)
      const usual = Math.max(baseline.p99Milliseconds, baseline.meshMilliseconds)
      const budget = Math.max(budgets.maxP99Ratio * usual, usual + 50)
      const limit = budget + turns * lacked
      return latency.p99Milliseconds > limit && latency.typicalSlowestMilliseconds > limit
        ? [{ latency, baseline }]
        : []
    })
    .toSorted((a, b) => b.latency.p99Milliseconds - a.latency.p99Milliseconds)
  const [worst] = slower
  if (worst === undefined) return []
  const { latency, baseline } = worst
  const beside = ([now, before]: [number, number]): string =>
    `${now.toFixed(0)} ms, and ${before.toFixed(0)} ms at the baseline`
  const others = slower.length === 1 ? '' : `, and ${slower.length - 1} more`
  return [
    found(
      'MP-957',
      phase.id,
      `p99 from ${latency.from} to ${latency.to}${others}: ` +
        `${beside([latency.p99Milliseconds, baseline.p99Milliseconds])}; outside the mesh ` +
        beside([latency.outsideMilliseconds, baseline.outsideMilliseconds]),
      { probe: latency.slowest },
    ),
  ]
}

const lasted = ({ from, to }: { from: number; to: number }): number => to - from
