import { Verdict, type CheckResult, type Results } from '#results/results.ts'
import { upgradeChecks } from './upgrade-checks.ts'
import { runVerdict } from './words.ts'

/**
 * `metrics.prom`: the results as Prometheus metrics (prometheus.io, “Text-based format”), for node-exporter’s
 * textfile collector or a Pushgateway. A verdict is a sample for each that there is, 1 for the one that it came to and
 * 0 for the others, as kube-state-metrics tells states: a series that was `pass` does not live on beside one that is
 * `fail`.
 */
export const metrics = (results: Results): string => {
  const checks = results.topologies.flatMap((topology) =>
    [...topology.checks, ...upgradeChecks(topology)].map((check) => ({ check, labels: labelsOf(check, topology) })),
  )
  return [
    family(
      'meshproof_check_verdict',
      'What a check came to: 1 for its verdict, 0 for the others.',
      checks.flatMap(({ check, labels }) => states(labels, check.verdict)),
    ),
    family(
      'meshproof_check_seconds',
      'Seconds that a check took, all attempts together.',
      checks.flatMap(({ check: { attempts }, labels }) =>
        attempts.length === 0
          ? []
          : [
              sample(
                labels,
                attempts.reduce((sum, { seconds }) => sum + seconds, 0),
              ),
            ],
      ),
    ),
    family(
      'meshproof_run_verdict',
      'What the run came to: 1 for its verdict, 0 for the others.',
      states({}, runVerdict(results)),
    ),
    family('meshproof_run_timestamp_seconds', 'When the run ended, in seconds since 1970.', [
      sample({}, Date.parse(results.run.finishedAt) / 1000),
    ]),
  ].join('')
}

type Labels = Record<string, string>
type Sample = { labels: Labels; value: number }

const sample = (labels: Labels, value: number): Sample => ({ labels, value })

const states = (labels: Labels, is: Verdict): Sample[] =>
  Verdict.options.map((verdict) => sample({ ...labels, verdict }, verdict === is ? 1 : 0))

const labelsOf = ({ id, layer, from, to }: CheckResult, { name, mtls }: { name: string; mtls: string }): Labels => ({
  check: id,
  layer,
  from: from.join(','),
  to: to.join(','),
  topology: name,
  mtls,
})

const family = (name: string, help: string, samples: Sample[]): string =>
  `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${samples.map(({ labels, value }) => `${name}${labelled(labels)} ${value}\n`).join('')}`

const labelled = (labels: Labels): string => {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`,
  )
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}
