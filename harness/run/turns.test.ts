import { describe, expect, test } from 'vitest'
import { errorOf } from '../testing/edge.ts'
import { turns } from './turns.ts'

const { signal: never } = new AbortController()

/** A piece of work that lasts until it is told to end. */
const lasting = (): { work: () => Promise<string>; end: () => void; started: () => boolean } => {
  const { promise, resolve } = Promise.withResolvers<string>()
  let begun = false
  return { work: () => { begun = true; return promise }, end: () => { resolve('done') }, started: () => begun }
}
const moment = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve) })

describe.each(['toBringUp', 'toAsk'] as const)('%s', (kind) => {
  test('one lab at a time, in the order in which they came', async () => {
    const { [kind]: take } = turns()
    const [one, two, three] = [lasting(), lasting(), lasting()]
    const taken = [one, two, three].map(({ work }) => take(work, never))
    const started = (): boolean[] => [one, two, three].map((piece) => piece.started())
    await moment()
    expect(started()).toEqual([true, false, false])
    one.end()
    await moment()
    expect(started()).toEqual([true, true, false])
    three.end()
    await moment()
    expect(started()).toEqual([true, true, false])
    two.end()
    expect(await Promise.all(taken)).toEqual(['done', 'done', 'done'])
  })

  test('a lab that fails tells its own run alone, and the next has its turn', async () => {
    const { [kind]: take } = turns()
    const failed = take(() => Promise.reject(new Error('no space left')), never)
    const next = take(() => Promise.resolve('up'), never)
    expect(await errorOf(failed)).toMatchObject({ message: 'no space left' })
    expect(await next).toBe('up')
  })

  test('a lab that is stopped while it waits is never begun, and the next has its turn', async () => {
    const { [kind]: take } = turns()
    const [first, waiting, next] = [lasting(), lasting(), lasting()]
    const stop = new AbortController()
    const running = take(first.work, stop.signal)
    const stopped = errorOf(take(waiting.work, stop.signal))
    const after = take(next.work, never)
    await moment()
    stop.abort(new Error('stopped'))
    first.end()
    next.end()
    expect(await stopped).toMatchObject({ message: 'stopped' })
    expect(waiting.started()).toBe(false)
    expect(await Promise.all([running, after])).toEqual(['done', 'done'])
  })
})

test('a lab is brought up beside one that is asked', async () => {
  const { toBringUp, toAsk } = turns()
  const [asked, broughtUp] = [lasting(), lasting()]
  const both = [toAsk(asked.work, never), toBringUp(broughtUp.work, never)]
  await moment()
  expect([asked.started(), broughtUp.started()]).toEqual([true, true])
  asked.end()
  broughtUp.end()
  await Promise.all(both)
})
