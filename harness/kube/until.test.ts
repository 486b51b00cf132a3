import { expect, test } from 'vitest'
import { askUntil, readUntil, until, type Clock } from './until.ts'

const fakeClock = (): Clock & { slept: number[] } => {
  const slept: number[] = []
  return {
    slept,
    now: () => slept.reduce((sum, milliseconds) => sum + milliseconds, 0),
    sleep: async (milliseconds, signal) => {
      signal?.throwIfAborted()
      slept.push(milliseconds)
    },
  }
}

test('the first truthy answer is returned, and nothing is asked after it', async () => {
  const clock = fakeClock()
  const answers = ['', null, '172.18.255.254', 'too late']
  expect(
    await until('the gateway has an address', async () => answers.shift(), { every: 250, within: 60_000 }, clock),
  ).toBe('172.18.255.254')
  expect(clock.slept).toEqual([250, 250])
  expect(answers).toEqual(['too late'])
})

test('a question that throws is asked again', async () => {
  const answers = [
    () => {
      throw new Error('connection refused')
    },
    () => 'ready',
  ]
  expect(
    await until('istiod is ready', async () => answers.shift()?.(), { every: 250, within: 1000 }, fakeClock()),
  ).toBe('ready')
})

test('when the time is up, the error says what was waited for and the last reason', async () => {
  let asked = 0
  const wait = until(
    'istiod is ready',
    async () => {
      throw new Error(`refusal ${++asked}`)
    },
    { every: 250, within: 1000 },
    fakeClock(),
  )
  await expect(wait).rejects.toMatchObject({
    code: 'MP-401',
    message: 'Timed out after 1 s, before istiod is ready: refusal 5',
  })
})

test('an abort ends a long wait at once and is no failure', async () => {
  const stop = new AbortController()
  let asked = 0
  const wait = until(
    'istiod is ready',
    async () => {
      asked += 1
      setImmediate(() => {
        stop.abort()
      })
      return false
    },
    { every: 60_000, within: 600_000, signal: stop.signal },
  )
  await expect(wait).rejects.toMatchObject({ code: 'MP-130', exitCode: 130 })
  expect(asked).toBe(1)
})

const patience = { every: 250, within: 1000 }

test('the last answer is returned where none is enough in time, and a pause may depend on it', async () => {
  const clock = fakeClock()
  let left = 9
  const last = await askUntil(
    async () => --left,
    (count) => count === 0,
    { ...patience, every: (count) => count * 100 },
    clock,
  )
  expect(clock.slept).toEqual([800, 700])
  expect(last).toBe(6)
})

test('an error of a question that must be answered ends the wait', async () => {
  const clock = fakeClock()
  const broken = askUntil(() => Promise.reject(new Error('no istiod')), Boolean, patience, clock)
  await expect(broken).rejects.toThrow('no istiod')
  expect(clock.slept).toEqual([])
})

test('a reading that fails is repeated, and counts only where it is the last', async () => {
  const failed = new Error('no answer')
  const reading = (...outcomes: (string | Error)[]): Promise<string> =>
    readUntil(
      async () => {
        const next = outcomes.length > 1 ? outcomes.shift() : outcomes[0]
        if (next instanceof Error) throw next
        return next ?? ''
      },
      (value) => value === 'synced',
      patience,
      fakeClock(),
    )
  expect(await reading(failed, 'not yet', 'synced')).toBe('synced')
  expect(await reading(failed, 'not yet')).toBe('not yet')
  await expect(reading('not yet', failed)).rejects.toBe(failed)
})
