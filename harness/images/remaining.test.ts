import { expect, test } from 'vitest'
import { remainingOf, type LaneProgress } from './remaining.ts'

const lane: LaneProgress = { waiting: 0, running: [], done: { planned: 0, taken: 0 }, concurrency: 1 }

test('before anything is built, the plan is what remains; the longer lane decides', () => {
  const compilers = { ...lane, waiting: 600 }
  const downloads = { ...lane, waiting: 300, concurrency: 2 }
  expect(remainingOf([compilers, downloads])).toBe(600)
})

test('a running build takes as long as planned', () => {
  expect(remainingOf([{ ...lane, waiting: 100, running: [{ planned: 160, elapsed: 60 }] }])).toBe(200)
})

// Ten builds of a minute, on a machine that takes a minute and a half for each.
test.each([3, 5, 8])('on a slower machine the estimate is within 20 % after %i of ten builds', (built) => {
  const waiting = (10 - built - 1) * 60
  const progress = { ...lane, waiting, done: { planned: built * 60, taken: built * 90 } }
  for (const elapsed of [10, 50, 80]) {
    const truth = (10 - built) * 90 - elapsed
    const estimate = remainingOf([{ ...progress, running: [{ planned: 60, elapsed }] }])
    expect(Math.abs(estimate - truth)).toBeLessThanOrEqual(Math.max(truth * 0.2, 20))
  }
})

test('a build that is late still takes a while, and is a reason to expect more of the others', () => {
  const late = { ...lane, waiting: 100, running: [{ planned: 60, elapsed: 120 }] }
  expect(remainingOf([late])).toBeGreaterThan(150)
  expect(remainingOf([{ ...late, waiting: 0 }])).toBeGreaterThan(0)
})

// Two builds at a time of five minutes each, on a machine that takes twice as long, and two more that wait.
test.each([0.1, 0.3, 0.6, 0.9])('the share of what runs says how fast a machine is, at %d', (share) => {
  const running = [0, 1].map(() => ({ planned: 300, elapsed: 600 * share, share }))
  const estimate = remainingOf([{ ...lane, waiting: 600, running, concurrency: 2 }])
  const truth = 600 * (1 - share) + 600
  expect(Math.abs(estimate - truth)).toBeLessThanOrEqual(truth * (share < 0.2 ? 0.3 : 0.2))
})

test('nothing remains when all is built', () => {
  expect(remainingOf([{ ...lane, done: { planned: 600, taken: 700 } }])).toBe(0)
  expect(remainingOf([])).toBe(0)
})
