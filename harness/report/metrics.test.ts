import { expect, test } from 'vitest'
import { type Parsed, parse } from '#testing/prometheus-text.ts'
import { failingRun } from '#testing/report-results.ts'
import { checkResult, resultsOf, topologyResult } from '#testing/results.ts'
import { upgradeResults } from '#testing/upgrade-results.ts'
import { metrics } from './metrics.ts'

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
