import { expect, test } from 'vitest'
import { errorOf } from '#testing/edge.ts'
import { forEachLab } from './for-each-lab.ts'

const { signal: never } = new AbortController()

/** Work that lasts until it is ended or stopped. */
const lasting = (signal: AbortSignal): { work: Promise<void>; end: () => void } => {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  signal.addEventListener('abort', () => {
    reject(new Error('stopped half-way'))
  })
  return { work: promise, end: resolve }
}
const moment = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve)
  })

test('two labs are there at a time, the second brought up once the first passes its turn on', async () => {
  const [opened, up]: [string[], string[]] = [[], []]
  const ends = new Map<string, () => void>()
  const turnsOf = new Map<string, () => void>()
  const labs = forEachLab(['gateway', 'vpn', 'multi-primary'], never, async (name, _, { turns, signal }) => {
    opened.push(name)
    using turn = await turns.take(signal)
    up.push(name)
    turnsOf.set(name, turn.passOn)
    const { work, end } = lasting(signal)
    ends.set(name, end)
    await work
  })
  await moment()
  expect([opened, up]).toEqual([['gateway', 'vpn'], ['gateway']])
  turnsOf.get('gateway')?.()
  await moment()
  expect([opened, up]).toEqual([
    ['gateway', 'vpn'],
    ['gateway', 'vpn'],
  ])
  ends.get('gateway')?.()
  await moment()
  expect([opened.at(-1), up.at(-1)]).toEqual(['multi-primary', 'vpn'])
  ends.get('vpn')?.()
  await moment()
  ends.get('multi-primary')?.()
  await labs
  expect(up).toEqual(['gateway', 'vpn', 'multi-primary'])
})

test('a lab that cannot exist beside another waits until the others are gone', async () => {
  const happened: string[] = []
  const ends = new Map<string, () => void>()
  const labs = forEachLab(['gateway', 'vpn'], never, async (name, _, { earlierEnded, signal }) => {
    await earlierEnded()
    happened.push(`${name} begins`)
    const { work, end } = lasting(signal)
    ends.set(name, end)
    await work
    happened.push(`${name} ends`)
  })
  await moment()
  expect(happened).toEqual(['gateway begins'])
  ends.get('gateway')?.()
  await moment()
  ends.get('vpn')?.()
  await labs
  expect(happened).toEqual(['gateway begins', 'gateway ends', 'vpn begins', 'vpn ends'])
})

test('the first error stops the other lab, which is waited for, and no further one has its turn', async () => {
  const broken = new Error('no room')
  const ended: string[] = []
  const error = await errorOf(
    forEachLab(['gateway', 'vpn', 'multi-primary'], never, async (name, _, { turns, signal }) => {
      try {
        using turn = await turns.take(signal)
        turn.passOn()
        if (name === 'vpn') throw broken
        await lasting(signal).work
      } finally {
        await moment()
        ended.push(`${name} ${signal.reason === broken ? 'stopped' : 'first'}`)
      }
    }),
  )
  expect(error).toBe(broken)
  expect(ended.sort()).toEqual(['gateway stopped', 'multi-primary stopped', 'vpn first'])
})

test('a run that is stopped ends with the reason', async () => {
  const stop = new AbortController()
  const reason = new Error('interrupted')
  const labs = errorOf(forEachLab(['gateway'], stop.signal, (_, __, { signal }) => lasting(signal).work))
  await moment()
  stop.abort(reason)
  expect(await labs).toBe(reason)
})
