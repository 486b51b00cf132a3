import { describe, expect, test } from 'vitest'
import { errorOf } from '#testing/edge.ts'
import { turns } from './turns.ts'

const { signal: never } = new AbortController()

/** Turns as work takes them: each piece has its turn until it is done. */
const inTurns = (): (<T>(work: (passOn: () => void) => Promise<T>, signal: AbortSignal) => Promise<T>) => {
  const shared = turns()
  return async (work, signal) => {
    using turn = await shared.take(signal)
    return await work(turn.passOn)
  }
}

/** A piece of work that lasts until it is told to end, and may pass its turn on before. */
const lasting = (): {
  work: (passOn: () => void) => Promise<string>
  passOn: () => void
  end: () => void
  started: () => boolean
} => {
  const { promise, resolve } = Promise.withResolvers<string>()
  let passOn: (() => void) | undefined
  return {
    work: (pass) => {
      passOn = pass
      return promise
    },
    passOn: () => {
      passOn?.()
    },
    end: () => {
      resolve('done')
    },
    started: () => passOn !== undefined,
  }
}
const moment = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve)
  })

describe('labs that share a machine', () => {
  test('work one after another, in the order in which they came', async () => {
    const turn = inTurns()
    const [first, second, third] = [lasting(), lasting(), lasting()]
    const taken = [first, second, third].map(({ work }) => turn(work, never))
    const started = (): boolean[] => [first, second, third].map((piece) => piece.started())
    await moment()
    expect(started()).toEqual([true, false, false])
    first.end()
    await moment()
    expect(started()).toEqual([true, true, false])
    third.end()
    await moment()
    expect(started()).toEqual([true, true, false])
    second.end()
    expect(await Promise.all(taken)).toEqual(['done', 'done', 'done'])
  })

  test('may pass the turn on and go on working', async () => {
    const turn = inTurns()
    const [first, second, third] = [lasting(), lasting(), lasting()]
    const taken = [first, second, third].map(({ work }) => turn(work, never))
    await moment()
    first.passOn()
    first.passOn()
    await moment()
    expect([second.started(), third.started()]).toEqual([true, false])
    second.end()
    await moment()
    expect(third.started()).toBe(true)
    first.end()
    third.end()
    expect(await Promise.all(taken)).toEqual(['done', 'done', 'done'])
  })

  test('do not lose the turn to one that fails', async () => {
    const turn = inTurns()
    const failed = turn(() => Promise.reject(new Error('no space left')), never)
    const next = turn(() => Promise.resolve('up'), never)
    expect(await errorOf(failed)).toMatchObject({ message: 'no space left' })
    expect(await next).toBe('up')
  })

  test('are never begun when they are stopped while they wait, and the next has its turn', async () => {
    const turn = inTurns()
    const [first, waiting, next] = [lasting(), lasting(), lasting()]
    const stop = new AbortController()
    const running = turn(first.work, stop.signal)
    const stopped = errorOf(turn(waiting.work, stop.signal))
    const after = turn(next.work, never)
    await moment()
    stop.abort(new Error('stopped'))
    first.end()
    next.end()
    expect(await stopped).toMatchObject({ message: 'stopped' })
    expect(waiting.started()).toBe(false)
    expect(await Promise.all([running, after])).toEqual(['done', 'done'])
  })
})
