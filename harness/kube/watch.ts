import { setTimeout as sleep } from 'node:timers/promises'
import { Interrupted } from '#errors.ts'

/**
 * Looks every second for so long (milliseconds), at least twice, and returns all that was seen. @throws Interrupted
 * when the signal fires.
 */
export const watch = async <T>(
  look: () => Promise<T>,
  during: number,
  signal: AbortSignal,
  every = 1_000,
): Promise<T[]> => {
  const since = performance.now()
  const seen = [await look()]
  while (seen.length < 2 || performance.now() - since < during) {
    await sleep(every, undefined, { signal }).catch(() => {
      throw new Interrupted()
    })
    seen.push(await look())
  }
  return seen
}
