import { expect, test } from 'vitest'
import type { TimedAnswer } from './background.ts'
import { trafficOf } from './traffic.ts'

const answer = (endedAt: number, of: Partial<TimedAnswer> = {}): TimedAnswer => ({
  endedAt,
  milliseconds: 10,
  status: 200,
  exit: 0,
  error: '',
  version: 'v1',
  ...of,
})

test('what has another status, or none, is lost; the first of them is told', () => {
  const traffic = trafficOf([
    answer(1000),
    answer(1100, { status: 503, version: undefined }),
    answer(4100, { status: 0, exit: 28, error: 'timed out', version: undefined }),
    answer(4200, { version: 'v2' }),
  ])
  expect(traffic).toMatchObject({
    sent: 4,
    lost: 2,
    versions: ['v1', 'v2'],
    firstLost: { at: '1970-01-01T00:00:01.100Z', status: 503, curl: 0 },
  })
})

test.each<[string, TimedAnswer[], number]>([
  ['between two good answers', [answer(1000), answer(1050), answer(4000, { status: 503 }), answer(5050)], 4000],
  ['before the first', [answer(3000, { milliseconds: 3000, status: 0, exit: 28 }), answer(3100)], 3100],
  ['after the last', [answer(1000), answer(6000, { milliseconds: 3000, status: 0, exit: 28 })], 5000],
  ['none at all', [], 0],
])('the longest time without a good answer may be %s', (_where, answers, expected) => {
  expect(trafficOf(answers).longestGap).toBe(expected)
})

test('of a hundred good answers the slowest but one is the 99th', () => {
  expect(
    trafficOf(Array.from({ length: 100 }, (_, index) => answer(index, { milliseconds: index + 1 }))),
  ).toMatchObject({ lost: 0, p99: 99 })
})
