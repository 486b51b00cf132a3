import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { loadRecipes } from '#images/source/recipes.ts'
import { failingRun, runOf } from '#testing/report-results.ts'
import { checkResult, resultsOf, topologyResult } from '#testing/results.ts'
import { acrossRounds } from '#results/rounds.ts'
import { RunOptions } from '#run/options.ts'
import { reproducing } from '#run/reproducing.ts'
import { conformance, ConformanceReport } from './conformance.ts'
import { notSelected, type CheckResult } from '#results/results.ts'

const coreOf = (...checks: CheckResult[]) =>
  ConformanceReport.parse(parse(conformance(resultsOf(topologyResult(checks))))).profiles[0]!.core

test('a profile is a variant, with versions and date beside it', async () => {
  const report = ConformanceReport.parse(parse(conformance(await runOf(['vpn', 'gateway']))))
  expect(report).toMatchObject({
    date: '2026-01-31T12:00:00.000Z',
    versions: { meshproof: '0.1.0', istio: '1.31.0', envoy: '1.39.3', kubernetes: 'v1.34.4' },
  })
  expect(report.profiles.map(({ name, mtls, core: { result } }) => [name, mtls, result])).toEqual([
    ['vpn', 'strict', 'success'],
    ['vpn', 'off', 'success'],
    ['gateway', 'strict', 'success'],
  ])
})

test('a failure has its layer and code, once for all the places it was asked from', async () => {
  const { core } = ConformanceReport.parse(parse(conformance(await failingRun()))).profiles[0]!
  expect(core).toMatchObject({ result: 'failure', statistics: { failed: 6 } })
  expect(core.failedTests?.[0]).toEqual({ name: 'net.gateway-open', layer: 'network', code: 'MP-712' })
})

test('a check is as bad as the worst place it was asked from', () => {
  expect(coreOf(checkResult(), checkResult({ from: ['cluster2'], verdict: 'flaky' }))).toEqual({
    result: 'partial',
    statistics: { passed: 0, failed: 0, flaky: 1, skipped: 0, notRun: 0 },
    retriedTests: ['reach.local'],
  })
  expect(coreOf(checkResult(), checkResult({ from: ['cluster2'], verdict: 'fail' })).statistics).toEqual({
    passed: 0,
    failed: 1,
    flaky: 0,
    skipped: 0,
    notRun: 0,
  })
})

test('what does not apply is skipped with its reason; what was left out or not run makes it partial', () => {
  const other = { id: 'reach.other', verdict: 'skipped' as const }
  expect(coreOf(checkResult(), checkResult({ ...other, reason: 'one network' }))).toMatchObject({
    result: 'success',
    skippedTests: [{ name: 'reach.other', reason: 'one network' }],
  })
  expect(coreOf(checkResult(), checkResult({ ...other, reason: notSelected })).result).toBe('partial')
  expect(coreOf(checkResult(), checkResult({ id: 'reach.other', verdict: 'not-run' }))).toMatchObject({
    result: 'partial',
    notRunTests: ['reach.other'],
  })
  expect(coreOf().result).toBe('partial')
})

test('nothing of the machine is in it', async () => {
  const results = await runOf(['gateway'])
  Object.assign(results.topologies[0]!.checks[0]!, {
    verdict: 'not-run',
    reason: 'ENOENT: /home/somebody/.cache on 192.0.2.7',
  })
  Object.assign(results.run, { command: 'meshproof --topology=/home/somebody/mine.yaml' })
  expect(conformance(results)).not.toMatch(/home|192\.0|linux|docker|meshproof --/)
})

test('it says how to make such a run again: the command, the versions and the images by digest', async () => {
  const results = await runOf(['gateway'])
  results.run.reproduce = reproducing(
    'test',
    RunOptions.parse({ topology: '/home/somebody/mine.yaml', istio: '1.31.0' }),
  )
  Object.assign(results.environment, { node: 'v24.21.0', kind: 'kind v0.33.0 go1.26.8 linux/amd64' })
  const { reproduce } = ConformanceReport.parse(parse(conformance(results)))
  expect(reproduce).toEqual({
    command: 'npx meshproof test --topology=mine.yaml --istio=1.31.0',
    kind: 'v0.33.0',
    node: 'v24.21.0',
    images: results.environment.images,
  })
  expect(conformance(results)).not.toMatch(/home|linux/)
})

test('a check that is flaky in one of several rounds is flaky, and one that failed in one has failed', () => {
  const rounds = [
    [checkResult(), checkResult({ id: 'reach.other' })],
    [checkResult({ verdict: 'flaky' }), checkResult({ id: 'reach.other', verdict: 'fail' })],
  ]
  const topology = topologyResult(acrossRounds(rounds), {
    rounds: rounds.map(() => ({ seconds: 1, verdict: 'pass', reason: '' })),
  })
  const [profile] = ConformanceReport.parse(parse(conformance(resultsOf(topology)))).profiles
  expect(profile?.core).toMatchObject({
    result: 'failure',
    rounds: 2,
    statistics: { passed: 0, failed: 1, flaky: 1 },
    retriedTests: ['reach.local'],
  })
})

test('the report in docs is of the newest Kubernetes that can be built, and nothing failed', async () => {
  const file = join(import.meta.dirname, '../../docs/conformance.yaml')
  const { versions, profiles } = ConformanceReport.parse(parse(await readFile(file, 'utf8')))
  const { kubernetesVersions } = await loadRecipes()
  const [newest] = kubernetesVersions.toSorted((a, b) => b.localeCompare(a, 'en', { numeric: true }))
  expect(versions.kubernetes).toBe(newest)
  expect(profiles.map(({ name, core }) => [name, core.result])).toEqual([['gateway', 'success']])
})
