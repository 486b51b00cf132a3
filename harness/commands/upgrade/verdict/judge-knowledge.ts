import { fewestOf } from '#commands/upgrade/traffic/enough.ts'
import type { UpgradeFinding } from '#results/results.ts'
import { lostOf, type Observation, type PhaseCase } from './case.ts'
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
  const { phase, probes, observations, budgets, stalls } = given
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
  const slower = observations
    .filter(
      ({ probe, measured, baseline }) =>
        probe.expects === 'answers' &&
        probe.kind !== 'outside' &&
        baseline !== undefined &&
        baseline.answered > 0 &&
        phase.kind !== 'baseline' &&
        measured.p99Milliseconds >
          Math.max(budgets.maxP99Ratio * baseline.p99Milliseconds, baseline.p99Milliseconds + 50),
    )
    .toSorted((a, b) => b.measured.p99Milliseconds - a.measured.p99Milliseconds)
  const [longest, quietest, slowest, least] = [stalled[0], silent[0], slower[0], few[0]]
  // On an overloaded machine, traffic outside the mesh is slower too.
  const outside = observations.find(({ probe }) => probe.kind === 'outside' && probe.from === slowest?.probe.from)
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
    ...(slowest
      ? [
          found(
            'MP-957',
            phase.id,
            `p99 of ${slower.length} of ${probes.length} probes, at worst ${p99Of(slowest)}` +
              (outside ? `; outside the mesh ${p99Of(outside)}` : ''),
            { probe: slowest.probe.id },
          ),
        ]
      : []),
  ]
}

const p99Of = ({ measured, baseline }: Observation): string =>
  `${measured.p99Milliseconds.toFixed(0)} ms, and ${(baseline?.p99Milliseconds ?? 0).toFixed(0)} ms at the baseline`

const lasted = ({ from, to }: { from: number; to: number }): number => to - from
