import { describe, expect, test } from 'vitest'
import { because, type CauseCode } from '#results/causes.ts'
import type { Fault } from './fault.ts'
import type { CheckResult, CheckLayer } from '#results/results.ts'
import { checkResult } from '#testing/results.ts'
import { judge } from './judge.ts'

const turnsRed: Fault['turnsRed'] = { 'reach.local': 'MP-751', 'reach.path': 'MP-753' }
const mustNotice = Object.keys(turnsRed)

const layerOf = (id: string): CheckLayer => (id.startsWith('net.') ? 'network' : (id.split('.')[0] as CheckLayer))
const passed = (id: string, of: Partial<CheckResult> = {}): CheckResult =>
  checkResult({ id, layer: layerOf(id), ...of })
const failed = (id: string, code: CauseCode, of: Partial<CheckResult> = {}): CheckResult =>
  passed(id, { verdict: 'fail', reason: `${because(code)}: expected 0 to be 21`, ...of })
const red = [failed('reach.local', 'MP-751'), failed('reach.path', 'MP-753')]

const judged = (results: CheckResult[], noticing = mustNotice): ReturnType<typeof judge> =>
  judge(
    { name: 'one', breaks: '', turnsRed, apply: () => Promise.reject(new Error('not applied here')) },
    noticing,
    results,
  )

describe('a fault is detected', () => {
  test('when every check that should notice is red, with its cause, and all below have passed', () => {
    expect(judged([passed('net.gateway-open'), passed('discovery.endpoints'), ...red])).toEqual({
      verdict: 'detected',
      reason: '',
      red: [
        { check: 'reach.local', code: 'MP-751' },
        { check: 'reach.path', code: 'MP-753' },
      ],
    })
  })

  test('when a check is red from one cluster, and green from others; from several it is told once', () => {
    const from = (...clusters: string[]): Partial<CheckResult> => ({ from: clusters })
    expect(
      judged([...red, passed('reach.local', from('cluster2')), failed('reach.path', 'MP-753', from('cluster3'))]),
    ).toMatchObject({ verdict: 'detected', red: [{ check: 'reach.local' }, { check: 'reach.path' }] })
  })

  test('although a check that does not apply here was not asked', () => {
    expect(judged([failed('reach.path', 'MP-753')], ['reach.path'])).toEqual({
      verdict: 'detected',
      reason: '',
      red: [{ check: 'reach.path', code: 'MP-753' }],
    })
  })

  test.each(['flaky', 'skipped'] as const)('although a check below is %s', (verdict) => {
    expect(judged([passed('net.gateway-open', { verdict }), ...red])).toMatchObject({ verdict: 'detected', reason: '' })
  })

  test('whatever becomes of checks of its own layer and those above', () => {
    expect(
      judged([
        ...red,
        failed('reach.both-versions', 'MP-752'),
        passed('failover.recover', { verdict: 'not-run' }),
        failed('mtls.strict', 'MP-771'),
      ]),
    ).toMatchObject({ verdict: 'detected' })
  })
})

test.each<[string, CheckResult[], string]>([
  ['a check that should notice passes', [red[0]!, passed('reach.path')], 'reach.path did not turn red'],
  [
    'a check that should notice passes on a retry',
    [red[0]!, passed('reach.path', { verdict: 'flaky' })],
    'reach.path did not turn red',
  ],
  [
    'a check that should notice could not be asked',
    [red[0]!, passed('reach.path', { verdict: 'not-run' })],
    'reach.path did not turn red',
  ],
  ['a check that should notice was not asked', [red[0]!], 'reach.path did not turn red'],
  ['nothing was asked', [], 'reach.local did not turn red; reach.path did not turn red'],
  [
    'a check names another cause',
    [red[0]!, failed('reach.path', 'MP-752')],
    'reach.path named MP-752 instead of MP-753',
  ],
  [
    'a check names two other causes',
    [red[0]!, failed('reach.path', 'MP-752'), failed('reach.path', 'MP-754', { from: ['cluster2'] })],
    'reach.path named MP-752, MP-754 instead of MP-753',
  ],
  [
    'a check names no cause',
    [red[0]!, passed('reach.path', { verdict: 'fail', reason: 'expected 3 to be 21' })],
    'reach.path named MP-700 instead of MP-753',
  ],
  ['another check names the cause', [red[0]!, failed('reach.both-versions', 'MP-753')], 'reach.path did not turn red'],
  [
    'a check below could not be asked',
    [passed('net.gateway-open', { verdict: 'not-run' }), ...red],
    'net.gateway-open, of a layer below, is not-run',
  ],
])('a fault is missed when %s', (_how, results, reason) => {
  expect(judged(results)).toMatchObject({ verdict: 'missed', reason })
})

test('a fault is missed when a check below is red as well: what is above follows from that', () => {
  expect(judged([failed('net.gateway-open', 'MP-712'), ...red])).toEqual({
    verdict: 'missed',
    reason:
      'reach.local named MP-712 instead of MP-751; reach.path named MP-712 instead of MP-753; net.gateway-open, ' +
      'of a layer below, is fail',
    red: [
      { check: 'net.gateway-open', code: 'MP-712' },
      { check: 'reach.local', code: 'MP-712' },
      { check: 'reach.path', code: 'MP-712' },
    ],
  })
})

test('a fault that no check should notice is never detected', () => {
  expect(judged([passed('reach.local')], [])).toMatchObject({ verdict: 'missed' })
})
