import { Verdict, type CheckResult, type Results } from '#results/results.ts'
import { judgeChecks } from './judge-checks.ts'
import { family, type Labels, sample, states } from './prometheus-text.ts'
import { upgradeChecks } from './upgrade-checks.ts'
import { runVerdict } from './words.ts'

/**
 * `metrics.prom`: the results as Prometheus metrics (prometheus.io, “Text-based format”). They are for the textfile
 * collector of node-exporter, or for a Pushgateway. Every possible verdict is a sample: 1 for the verdict of the check
 * and 0 for the others, as kube-state-metrics reports states. A series for `pass` therefore does not stay beside one
 * for `fail`.
 */
export const metrics = (results: Results): string => {
  const checks = results.topologies.flatMap((topology) =>
    [...topology.checks, ...upgradeChecks(topology), ...judgeChecks(topology)].map((check) => ({
      check,
      labels: labelsOf(check, topology),
    })),
  )
  return [
    family(
      'meshproof_check_verdict',
      'The verdict of a check: 1 for its verdict, 0 for the others.',
      checks.flatMap(({ check, labels }) => states(labels, Verdict.options, check.verdict)),
    ),
    family(
      'meshproof_check_seconds',
      'Seconds that a check took, all attempts together.',
      checks
        .filter(({ check }) => check.attempts.length > 0)
        .map(({ check, labels }) => sample(labels, secondsOf(check))),
    ),
    family(
      'meshproof_run_verdict',
      'The verdict of the run: 1 for its verdict, 0 for the others.',
      states({}, Verdict.options, runVerdict(results)),
    ),
    family('meshproof_run_timestamp_seconds', 'When the run ended, in seconds since 1970.', [
      sample({}, Date.parse(results.run.finishedAt) / 1000),
    ]),
  ].join('')
}

const secondsOf = ({ attempts }: CheckResult): number => attempts.reduce((sum, { seconds }) => sum + seconds, 0)

const labelsOf = ({ id, layer, from, to }: CheckResult, { name, mtls }: { name: string; mtls: string }): Labels => ({
  check: id,
  layer,
  from: from.join(','),
  to: to.join(','),
  topology: name,
  mtls,
})
