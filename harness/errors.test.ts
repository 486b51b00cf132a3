import { expect, test } from 'vitest'
import { closest, unknownValue } from './errors.ts'

test.each([
  ['gatway', 'gateway'],
  ['Gateway', 'gateway'],
  ['lsit', 'list'],
  ['reach.both-version', 'reach.both-versions'],
  ['entirely-other', undefined],
  ['kubernetes', undefined],
])('nearest to %s is %s', (word, expected) => {
  expect(closest(word, ['list', 'build', 'gateway', 'reach.both-versions', 'reach.path'])).toBe(expected)
})

test('nearest to anything among nothing is nothing', () => {
  expect(closest('list', [])).toBeUndefined()
})

test('an unknown value is told with all that are known', () => {
  expect(unknownValue('topology', 'gatway', ['gateway', 'all'])).toMatchObject({
    code: 'MP-101',
    message: 'Unknown topology “gatway”',
    next: 'Did you mean “gateway”? Valid: gateway, all.',
  })
  expect(unknownValue('topology', 'entirely-other', ['gateway', 'all']).next).toBe('Valid: gateway, all.')
})

// A word of two letters is within two slips of every other.
test.each([
  ['', 'up'],
  ['xy', 'up'],
])('“%s” is nowhere near “%s”', (word, candidate) => {
  expect(closest(word, [candidate])).toBeUndefined()
})
