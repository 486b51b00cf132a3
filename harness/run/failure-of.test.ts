import { expect, test } from 'vitest'
import { failureOf } from './failure-of.ts'

const { signal: never } = new AbortController()

const open = (name: string, closed: string[], error?: Error): AsyncDisposable => ({
  [Symbol.asyncDispose]: () => {
    closed.push(name)
    return error ? Promise.reject(error) : Promise.resolve()
  },
})

test('work that goes well has no failure', async () => {
  expect(await failureOf(Promise.resolve('done'), never)).toBeUndefined()
})

test('the first error counts, and none of those that cleaning up throws after it; everything is closed', async () => {
  const first = new Error('first')
  const closed: string[] = []
  const work = async (): Promise<void> => {
    await using lab = open('lab', closed, new Error('the network stays'))
    await using traffic = open('traffic', closed, new Error('the pods stay'))
    if (lab !== traffic) throw first
  }
  expect(await failureOf(work(), never)).toBe(first)
  expect(closed).toEqual(['traffic', 'lab'])
})

test('an error of cleaning up alone is one', async () => {
  const left = new Error('the network stays')
  const work = async (): Promise<string> => {
    await using lab = open('lab', [], left)
    return typeof lab
  }
  expect(await failureOf(work(), never)).toBe(left)
})

test.each([
  ['throws because of it', () => Promise.reject(new Error('exec was killed'))],
  ['throws nothing', () => Promise.resolve()],
])('once the signal has fired its reason counts, where the work %s', async (_, work) => {
  const reason = new Error('interrupted')
  expect(await failureOf(work(), AbortSignal.abort(reason))).toBe(reason)
})
