import { expect, test } from 'vitest'
import { checkResult, resultsOf, topologyResult } from '#testing/results.ts'
import { resultsOfLabs } from './results-of-labs.ts'

const early = 'the run ended before it'
const unreached = topologyResult([checkResult({ verdict: 'not-run', reason: early })], { reason: early })
const passed = topologyResult([checkResult()])
const failed = topologyResult([checkResult({ verdict: 'fail', reason: 'no answer' })])

test('a single lab is its topology', () => {
  const results = resultsOf(unreached)
  resultsOfLabs(results, 0, ['a']).publish(0, passed)
  expect(results.topologies).toEqual([passed])
})

test('labs of one topology are one result, in which a lab that was not reached did not run', () => {
  const results = resultsOf(passed, unreached)
  const labs = resultsOfLabs(results, 1, ['a', 'b'])
  labs.publish(0, passed)
  expect(results.topologies[1]).toMatchObject({
    verdict: 'not-run',
    rounds: [
      { lab: 'a', verdict: 'pass' },
      { lab: 'b', verdict: 'not-run', reason: 'the run ended before it' },
    ],
  })
  labs.publish(1, passed)
  expect(results.topologies).toMatchObject([passed, { verdict: 'pass', rounds: [{}, {}] }])
})

test('a lab that is left out did not run, and says why', () => {
  const results = resultsOf(unreached)
  const labs = resultsOfLabs(results, 0, ['a', 'b'])
  labs.publish(0, failed)
  expect(labs.hasFailed()).toBe(true)
  labs.leaveOut(1, 'an earlier lab failed')
  expect(results.topologies[0]).toMatchObject({
    verdict: 'fail',
    rounds: [{ verdict: 'fail' }, { verdict: 'not-run', reason: 'an earlier lab failed' }],
    checks: [{ repeated: { flakeRate: 1, rounds: [{}, { verdict: 'not-run', reason: 'an earlier lab failed' }] } }],
  })
})
