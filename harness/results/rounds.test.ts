import { expect, test } from 'vitest'
import { checkResult, topologyResult } from '#testing/results.ts'
import { because } from './causes.ts'
import { type Attempt, CheckResult, type Phase, TopologyResult, type Verdict } from './results.ts'
import { acrossLabs, acrossRounds } from './rounds.ts'

const attempt = (verdict: Attempt['verdict'], seconds: number, reason = ''): Attempt => ({
  startedAt: '2026-01-01T00:00:00Z',
  seconds,
  verdict,
  reason,
  evidence: [],
})
const passed = (seconds: number): CheckResult => checkResult({ attempts: [attempt('pass', seconds)] })
const failed = (reason: string): CheckResult =>
  checkResult({ verdict: 'fail', reason, attempts: [attempt('fail', 9, reason)] })
const flaky = checkResult({ verdict: 'flaky', attempts: [attempt('fail', 4, 'no answer'), attempt('pass', 1)] })
const notRun = checkResult({ verdict: 'not-run', reason: 'the run was interrupted' })
const across = (...rounds: CheckResult[]): CheckResult => acrossRounds(rounds.map((round) => [round]))[0]!

test('one round is what it is', () => {
  expect(acrossRounds([[passed(1)]])).toEqual([passed(1)])
})

test('a check has the verdict of its worst round, and the attempts of the first of those', () => {
  const check = across(passed(1), failed(because('MP-752')), passed(2), failed('another'))
  expect(check).toMatchObject({ verdict: 'fail', reason: because('MP-752'), attempts: [{ reason: because('MP-752') }] })
  expect(check.repeated).toEqual({
    flakeRate: 0.5,
    medianSeconds: 5.5,
    maxSeconds: 9,
    rounds: [
      { verdict: 'pass', seconds: 1, reason: '21 of 21 answered' },
      { verdict: 'fail', seconds: 9, reason: because('MP-752') },
      { verdict: 'pass', seconds: 2, reason: '21 of 21 answered' },
      { verdict: 'fail', seconds: 9, reason: 'another' },
    ],
  })
  expect(CheckResult.parse(check)).toEqual(check)
})

test('a check that passed on a retry is flaky in that round, with the reason of the first attempt', () => {
  const check = across(passed(1), flaky)
  expect(check.verdict).toBe('flaky')
  expect(check.repeated).toMatchObject({ flakeRate: 0.5, rounds: [{}, { seconds: 5, reason: 'no answer' }] })
})

test('a round that did not run never counts as passed, and not for the rate either', () => {
  const check = across(passed(1), notRun, notRun)
  expect(check.verdict).toBe('not-run')
  expect(check.repeated).toMatchObject({ flakeRate: 0, medianSeconds: 1 })
  expect(across(failed('no answer'), notRun)).toMatchObject({ verdict: 'fail', repeated: { flakeRate: 1 } })
  expect(across(notRun, notRun).repeated?.flakeRate).toBeUndefined()
})

test('a check that does not apply stays as it is', () => {
  const skipped = checkResult({ verdict: 'skipped', reason: 'one network' })
  expect(across(skipped, skipped)).toEqual(skipped)
})

test('checks of different places are told apart', () => {
  const second = checkResult({ from: ['cluster2'], verdict: 'fail', reason: 'no answer' })
  const checks = acrossRounds([
    [checkResult(), checkResult({ from: ['cluster2'] })],
    [second, checkResult()],
  ])
  expect(checks.map(({ from, verdict }) => [...from, verdict])).toEqual([
    ['cluster1', 'pass'],
    ['cluster2', 'fail'],
  ])
})

const phase = (name: string, seconds: number, verdict: Phase['verdict'] = 'pass'): Phase => ({
  name,
  startedAt: '2026-01-01T00:00:00Z',
  seconds,
  verdict,
})
const lab = (check: CheckResult, fields: Partial<TopologyResult> = {}): TopologyResult =>
  topologyResult([check], { phases: [phase('cluster1: created', 20), phase('checks', 40)], ...fields })

test('labs have a verdict together; what explains it is that of the first of the worst', () => {
  const broken = lab(failed(because('MP-752')), { bundle: 'bundle/gateway.lab-2', phases: [phase('checks', 90)] })
  const together = acrossLabs([lab(passed(1)), broken, lab(passed(3))], ['a', 'b', 'c'])
  expect(together).toMatchObject({ verdict: 'fail', bundle: 'bundle/gateway.lab-2', phases: [{ seconds: 90 }] })
  expect(together.checks[0]?.diagnosis?.code).toBe('MP-752')
  expect(together.rounds?.map(({ lab: id, verdict, seconds }) => [id, verdict, seconds])).toEqual([
    ['a', 'pass', 40],
    ['b', 'fail', 90],
    ['c', 'pass', 40],
  ])
  expect(TopologyResult.parse(together)).toEqual(together)
})

test('labs that were not reached leave their topology not run, and the phases of the others stay', () => {
  const unreached = lab(notRun, { phases: [], reason: 'the run ended before it' })
  const together = acrossLabs([lab(passed(1)), unreached], ['a', 'b'])
  expect(together).toMatchObject({ verdict: 'not-run' satisfies Verdict, reason: 'the run ended before it' })
  expect(together.phases).toHaveLength(2)
  expect(acrossLabs([lab(passed(1))], ['a'])).toEqual(lab(passed(1)))
})
