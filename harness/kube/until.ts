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
 * Asks again and again, and returns the first answer that is enough, or the last one when the time is up. An error of
 * the question ends it. `every` may depend on the answer.
 * @throws Interrupted when the signal fires.
 */
export const askUntil = async <T>(
  ask: () => Promise<T>,
  isEnough: (answer: T) => boolean,
  { every, within, signal }: Omit<Patience, 'every'> & { every: number | ((answer: T) => number) },
  clock: Clock = systemClock,
): Promise<T> => {
  // A timer may fire up to a millisecond early: the wait that ends the time would then be followed by another.
  const deadline = clock.now() + within - 1
  for (;;) {
    if (signal?.aborted) throw new Interrupted()
    const answer = await ask()
    if (isEnough(answer) || clock.now() >= deadline) return answer
    await clock.sleep(typeof every === 'number' ? every : every(answer), signal).catch(() => {
      throw new Interrupted()
    })
  }
}

/** What a question came to: its answer, or why it failed. */
const outcomeOf = async <T>(ask: () => Promise<T>): Promise<{ value: T } | { error: unknown }> => {
  try {
    return { value: await ask() }
  } catch (error) {
    return { error }
  }
}

/**
 * Reads again and again until what was read is as expected, and returns it, or what was read last when the time is up.
 * A reading that fails is repeated, too.
 * @throws the error of the last reading, Interrupted when the signal fires.
 */
export const readUntil = async <T>(
  read: () => Promise<T>,
  isExpected: (value: T) => boolean,
  patience: Patience,
  clock?: Clock,
): Promise<T> => {
  const last = await askUntil(
    () => outcomeOf(read),
    (reading) => 'value' in reading && isExpected(reading.value),
    patience,
    clock,
  )
  if ('value' in last) return last.value
  throw last.error
}

/** An answer that means yes. */
type Truthy<T> = Exclude<T, false | null | undefined | 0 | ''>

/**
 * Asks until the answer is truthy and returns it. A question that throws counts as "not yet". When the time is up, the
 * error holds the last reason. `what` is a clause that follows “before”: `istiod is ready`.
 * @throws MeshproofError MP-401 when the time is up, Interrupted when the signal fires.
 */
export const until = async <T>(
  what: string,
  ask: () => Promise<T>,
  patience: Patience,
  clock?: Clock,
): Promise<Truthy<T>> => {
  const last = await askUntil(
    () => outcomeOf(ask),
    (outcome) => 'value' in outcome && Boolean(outcome.value),
    patience,
    clock,
  )
  if ('value' in last && last.value) return last.value as Truthy<T>
  throw new MeshproofError('MP-401', {
    what: `Timed out after ${Math.round(patience.within / 1000)} s, before ${what}`,
    ...('error' in last ? { why: reasonOf(last.error), cause: last.error } : {}),
    next: 'Run again and look at it meanwhile (--keep leaves a lab), or with --timeout for more patience.',
  })
}
