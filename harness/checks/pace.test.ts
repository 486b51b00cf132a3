import { expect, test } from 'vitest'
import { slownessAt, tooSlow } from './pace.ts'

test.each([
  [undefined, 1],
  [0.1, 1],
  [0.5, 1],
  [1, 2],
  [7.5, 6],
])('where a command takes %s s, waits are %s times as long', (seconds, slowness) => {
  expect(slownessAt(seconds === undefined ? undefined : { cluster: 'cluster1', seconds })).toBe(slowness)
})

test('a failure is no verdict only where a command that does nothing takes seconds', () => {
  const failure = new Error('MP-742 meshNetworks still holds the placeholder')
  expect(tooSlow(undefined, failure)).toBeUndefined()
  expect(tooSlow({ cluster: 'cluster1', seconds: 1.9 }, failure)).toBeUndefined()
  expect(tooSlow({ cluster: 'cluster2', seconds: 7.14 }, failure)).toMatchObject({
    code: 'MP-602',
    cause: failure,
    message:
      'Too slow for a verdict: a command that does nothing took 7.1 s in cluster2: this may only be late ' +
      '(MP-742 meshNetworks still holds the placeholder)',
  })
})
