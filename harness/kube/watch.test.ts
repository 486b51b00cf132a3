import { expect, test } from 'vitest'
import { Interrupted } from '#errors.ts'
import { watch } from './watch.ts'

const running = new AbortController().signal

test('looks at the beginning and again until the time is up, and returns every look in its order', async () => {
  let look = 0
  const seen = await watch(() => Promise.resolve(++look), 200, running, 10)
  expect(seen.length).toBeGreaterThanOrEqual(3)
  expect(seen).toEqual(seen.map((_, index) => index + 1))
})

test('looks twice however long a look takes: one alone shows nothing that goes on', async () => {
  expect(await watch(() => Promise.resolve('seen'), 0, running, 1)).toEqual(['seen', 'seen'])
})

test('ends when it is told to, and when a look fails', async () => {
  await expect(watch(() => Promise.resolve(1), 60_000, AbortSignal.timeout(20), 5)).rejects.toThrow(Interrupted)
  await expect(watch(() => Promise.reject(new Error('no istiod')), 60_000, running)).rejects.toThrow('no istiod')
})
