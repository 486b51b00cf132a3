import { expect, test } from 'vitest'
import { medianOf } from './median.ts'

test.each([
  [[], undefined],
  [[3], 3],
  [[4, 1], 2.5],
  [[5, 1, 3], 3],
  [[9, 1, 2], 2],
  [[4, 1, 2, 3], 2.5],
])('the median of %j is %d', (numbers, expected) => {
  expect(medianOf(numbers)).toBe(expected)
})
