import { expect, test } from 'vitest'
import { failingRun } from '#testing/report-results.ts'
import { checkResult, resultsOf, topologyResult } from '#testing/results.ts'
import { upgradeResults } from '#testing/upgrade-results.ts'
import { metrics } from './metrics.ts'

type Parsed = { name: string; labels: Record<string, string>; value: number }

const metricName = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const labelPair = String.raw`[a-zA-Z_]\w*="(?:[^"\\]|\\[\\"n])*"`
const labelList = String.raw`(?:${labelPair}(?:,(?!\})|(?=\})))*`
const number = String.raw`-?\d+(?:\.\d+)?(?:e[+-]?\d+)?`
const helpLine = new RegExp(String.raw`^# HELP (${metricName}) (?:[^\\]|\\[\\n])+$`)
const typeLine = new RegExp(`^# TYPE (${metricName}) (counter|gauge|histogram|summary|untyped)$`)
const sampleLine = new RegExp(String.raw`^(${metricName})(?:\{(${labelList})\})? (${number})$`)

/**
 * Reads Prometheus’ text format as strictly as its documentation has it: every line, one group a metric with its head
 * first, no series twice.
 */
const parse = (text: string): Parsed[] => {
  if (!text.endsWith('\n')) throw new Error('the last line has no end')
  const typed = new Map<string, string>()
  const [series, samples] = [new Set<string>(), [] as Parsed[]]
  let group = ''
  for (const line of text.slice(0, -1).split('\n')) {
    const help = helpLine.exec(line)?.[1]
    const [, metric, type] = typeLine.exec(line) ?? []
    const [, name, labels = '', value = ''] = sampleLine.exec(line) ?? []
    if (help !== undefined) {
      if (typed.has(help)) throw new Error(`${help} is in two groups`)
      group = help
    } else if (metric !== undefined && type !== undefined) {
      if (typed.has(metric) || metric !== group) throw new Error(`the type of ${metric} is out of place`)
      typed.set(metric, type)
    } else if (name !== undefined) {
      if (name !== group || !typed.has(name)) throw new Error(`a sample of ${name} is out of its group`)
      const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(
        ([, key = '', quoted = '']) =>
          [key, quoted.replaceAll(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter))] as const,
      )
      const key =
        `${name} ` +
        JSON.stringify(Object.entries(Object.fromEntries(pairs)).toSorted(([a], [b]) => a.localeCompare(b)))
      if (series.has(key) || new Set(pairs.map(([label]) => label)).size < pairs.length)
        throw new Error(`twice: ${line}`)
      series.add(key)
      samples.push({ name, labels: Object.fromEntries(pairs), value: Number(value) })
    } else throw new Error(`not of the format: ${line}`)
  }
  return samples
}

const hasLabels = (sample: Parsed, labels: Record<string, string>): boolean =>
  Object.entries(labels).every(([name, value]) => sample.labels[name] === value)

const verdictsOf = (samples: Parsed[], name: string, labels: Record<string, string>): Record<string, number> =>
  Object.fromEntries(
    samples
      .filter((sample) => sample.name === name && hasLabels(sample, labels))
      .map(({ labels: { verdict = '' }, value }) => [verdict, value]),
  )

test('the sample of the verdict is 1, and those of the other verdicts are 0', async () => {
  const samples = parse(metrics(await failingRun()))
  expect(
    verdictsOf(samples, 'meshproof_check_verdict', {
      check: 'net.gateway-open',
      from: 'cluster1',
      to: 'cluster2',
      layer: 'network',
      topology: 'gateway',
      mtls: 'strict',
    }),
  ).toEqual({ pass: 0, fail: 1, flaky: 0, skipped: 0, 'not-run': 0 })
  expect(verdictsOf(samples, 'meshproof_check_verdict', { check: 'net.gateway-open', from: 'cluster2' })).toEqual({
    pass: 1,
    fail: 0,
    flaky: 0,
    skipped: 0,
    'not-run': 0,
  })
  expect(verdictsOf(samples, 'meshproof_run_verdict', {})).toEqual({
    pass: 0,
    fail: 1,
    flaky: 0,
    skipped: 0,
    'not-run': 0,
  })
})

test('seconds are of all attempts, and of checks that were asked alone; the run’s moment is in seconds', () => {
  const attempt = {
    startedAt: '2026-01-01T00:00:00.000Z',
    seconds: 1.5,
    verdict: 'fail' as const,
    reason: '',
    evidence: [],
  }
  const asked = checkResult({ verdict: 'flaky', attempts: [attempt, { ...attempt, verdict: 'pass', seconds: 2 }] })
  const samples = parse(
    metrics(resultsOf(topologyResult([asked, checkResult({ id: 'reach.path', verdict: 'skipped' })]))),
  )
  expect(
    samples
      .filter(({ name }) => name === 'meshproof_check_seconds')
      .map(({ labels: { check }, value }) => [check, value]),
  ).toEqual([['reach.local', 3.5]])
  expect(samples.find(({ name }) => name === 'meshproof_run_timestamp_seconds')?.value).toBe(
    Date.UTC(2026, 0, 1, 0, 5) / 1000,
  )
})

test('a run that ended early does not count as passed', () => {
  const results = resultsOf(topologyResult([checkResult()]))
  results.run.interrupted = true
  expect(verdictsOf(parse(metrics(results)), 'meshproof_run_verdict', {})).toMatchObject({ pass: 0, 'not-run': 1 })
})

test('names of clusters stay what they are', () => {
  const name = 'a "quoted"\\name\nof two lines'
  const samples = parse(metrics(resultsOf(topologyResult([checkResult({ from: [name] })]))))
  expect(samples[0]?.labels['from']).toBe(name)
})

test('the phases of an upgrade are reported, each series once', () => {
  const samples = parse(metrics(upgradeResults()))
  expect(samples.some(({ labels: { check } }) => check?.startsWith('P'))).toBe(true)
})
