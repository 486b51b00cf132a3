import { expect, test } from 'vitest'
import { checkResult, resultsOf, topologyResult } from '#testing/results.ts'
import { anchorOf, countsOf, duration, routeOf, runVerdict, worstFirst } from './words.ts'

test.each<[number, string]>([
  [0.04, '0.0 s'],
  [9.94, '9.9 s'],
  [10.4, '10 s'],
  [59.4, '59 s'],
  [59.6, '1 min 0 s'],
  [432, '7 min 12 s'],
])('%d seconds are %s', (seconds, words) => {
  expect(duration(seconds)).toBe(words)
})

test('counts name what there is, and nothing of which there is none', () => {
  expect(countsOf([checkResult(), checkResult({ verdict: 'flaky' }), checkResult({ verdict: 'not-run' })])).toBe(
    '1 passed, 1 passed on retry, 1 not run',
  )
  expect(countsOf([])).toBe('no checks')
})

test('a run that ended early is not proven, whatever passed before, but a failure stays one', () => {
  const ended = (verdict: 'pass' | 'fail') => {
    const results = resultsOf(topologyResult([checkResult({ verdict })]))
    return [
      runVerdict(results),
      runVerdict({ ...results, run: { ...results.run, interrupted: true } }),
      runVerdict({ ...results, run: { ...results.run, error: { code: 'MP-201', message: '', next: '' } } }),
    ]
  }
  expect(ended('pass')).toEqual(['pass', 'not-run', 'not-run'])
  expect(ended('fail')).toEqual(['fail', 'fail', 'fail'])
})

test('the worst topology is first, and otherwise they stay in their order', () => {
  const topologyWith = (name: string, verdict: 'pass' | 'fail' | 'skipped') =>
    topologyResult([checkResult({ verdict })], { name })
  expect(
    worstFirst([
      topologyWith('a', 'skipped'),
      topologyWith('b', 'pass'),
      topologyWith('c', 'fail'),
      topologyWith('d', 'pass'),
    ]).map(({ name }) => name),
  ).toEqual(['c', 'b', 'd', 'a'])
})

test('the places of a check are words, and anchors have only letters that are allowed', () => {
  expect([routeOf({ from: ['a'], to: ['b', 'c'] }), routeOf({ from: ['a', 'b'], to: ['a', 'b'] })]).toEqual([
    'a → b, c',
    'the whole mesh',
  ])
  expect(anchorOf({ name: 'my mesh/ü', mtls: 'off' })).toMatch(/^[\w-]+$/)
})
