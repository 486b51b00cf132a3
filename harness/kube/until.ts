import { setTimeout as sleep } from 'node:timers/promises'
import { Interrupted, MeshproofError, reasonOf } from '#errors.ts'

/** How often to ask, and for how long, in milliseconds; `signal` stops the wait. */
export type Patience = { every: number; within: number; signal?: AbortSignal | undefined }

/** The clock a wait uses; tests bring their own. */
export type Clock = { now: () => number; sleep: (milliseconds: number, signal?: AbortSignal) => Promise<void> }

const systemClock: Clock = {
  now: () => performance.now(),
  sleep: async (milliseconds, signal) => {
    await sleep(milliseconds, undefined, signal ? { signal } : {})
  },
}

/**
 * Asks until the answer is truthy and returns it. A question that throws counts as "not yet": its last reason is told
 * when the time is up.
 * @throws MeshproofError MP-401 when the time is up, Interrupted when the signal fires.
 */
export const until = async <T>(
  what: string,
  ask: () => Promise<T>,
  { every, within, signal }: Patience,
  clock: Clock = systemClock,
): Promise<Exclude<T, false | null | undefined | 0 | ''>> => {
  const deadline = clock.now() + within
  let last: unknown
  for (;;) {
    if (signal?.aborted) throw new Interrupted()
    try {
      const answer = await ask()
      if (answer) return answer as Exclude<T, false | null | undefined | 0 | ''>
      last = undefined
    } catch (error) {
      last = error
    }
    if (clock.now() + every > deadline) break
    await clock.sleep(every, signal).catch(() => {
      throw new Interrupted()
    })
  }
  throw new MeshproofError('MP-401', {
    what: `Waited ${Math.round(within / 1000)} s in vain: ${what}`,
    ...(last === undefined ? {} : { why: reasonOf(last), cause: last }),
    next: 'Run again and look at it meanwhile (--keep leaves a lab), or with --timeout for more patience.',
  })
}
