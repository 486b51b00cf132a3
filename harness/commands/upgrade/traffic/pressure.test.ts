import { expect, test } from 'vitest'
import { parsePressure } from './pressure.ts'

test('the pressure is the share of the time between two records in which tasks waited', () => {
  const written = '1795959492 100.00 5000000\n1795959493 101.01 5505000\n1795959494 102.01 6505000\n'
  expect(parsePressure('cluster1', written)).toEqual([
    { cluster: 'cluster1', from: 1795959492000, to: 1795959493000, share: expect.closeTo(0.5) },
    { cluster: 'cluster1', from: 1795959493000, to: 1795959494000, share: 1 },
  ])
})

test('a machine that does not tell, and a line that is not complete, have none', () => {
  expect(parsePressure('cluster1', '')).toEqual([])
  expect(parsePressure('cluster1', '1795959492 100.00 5000000\n1795959493 10')).toEqual([])
})
