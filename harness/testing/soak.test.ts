import { expect, test } from 'vitest'
import { exitCodeOf, linesOf, type Soaked } from '../../scripts/soak/record.ts'

const lab = (fields: Partial<Soaked> = {}): Soaked => ({
  round: 1,
  topology: 'gateway',
  mtls: 'strict',
  run: '20260101-000000-abcd',
  verdict: 'pass',
  reason: '',
  seconds: 90,
  failed: [],
  flaky: [],
  leftovers: [],
  ...fields,
})
const unsteady = { id: 'reach.local', from: 'cluster1', reason: 'no answer' }

test('a soak is a row for each variant, and a line for all that is not as it should be', () => {
  const labs = [
    lab(),
    lab({ round: 2, seconds: 110, verdict: 'flaky', flaky: [unsteady] }),
    lab({ topology: 'vpn', mtls: 'off', verdict: 'fail', failed: [unsteady], leftovers: ['network a'] }),
    lab({ topology: 'vpn', verdict: 'not-run', reason: 'the engine is gone' }),
  ]
  const lines = linesOf(labs, 5)
  expect(lines[1]?.split('\n').map((line) => line.replaceAll(/ {2,}/g, '|'))).toEqual([
    'topology|labs|passed|flaky|wrong|not run|median s|longest s|left behind',
    'gateway|2|1|1|0|0|100|110|0',
    'vpn, mTLS off|1|0|0|1|0|90|90|1',
    'vpn|1|0|0|0|1|90|90|0',
    'all|4|1|1|1|1|90|110|1',
  ])
  expect(lines.slice(2)).toEqual([
    '1 of 5 labs were not tried',
    'flaky: gateway, round 2 (20260101-000000-abcd): reach.local from cluster1: no answer',
    'wrong: vpn, mTLS off, round 1 (20260101-000000-abcd): reach.local from cluster1: no answer',
    'left behind: vpn, mTLS off, round 1: network a',
    'not run: vpn, round 1: the engine is gone',
  ])
})

test.each([
  [[lab(), lab({ verdict: 'flaky' })], 2, 0],
  [[lab()], 2, 2],
  [[lab(), lab({ verdict: 'not-run' })], 2, 2],
  [[lab(), lab({ verdict: 'fail' })], 2, 1],
  [[lab({ leftovers: ['volume a'] })], 1, 1],
  [[], 2, 2],
])('the exit code of %j of %i is %i', (labs, wanted, code) => {
  expect(exitCodeOf(labs, wanted)).toBe(code)
})
