/**
 * Waits for its turn, and works. The turn goes to the next one when the work is done, or sooner, when it passes it on;
 * what remains of the work then goes on beside the next one's.
 */
export type Turn = <T>(work: (passOn: () => void) => Promise<T>, signal: AbortSignal) => Promise<T>

/**
 * Turns for labs that share a machine, in the order in which they ask. One that is stopped while it waits is never
 * begun.
 */
export const turns = (): Turn => {
  let last: Promise<void> = Promise.resolve()
  return async (work, signal) => {
    const before = last
    const mine = Promise.withResolvers<void>()
    last = mine.promise
    try {
      await before
      signal.throwIfAborted()
      return await work(mine.resolve)
    } finally {
      mine.resolve()
    }
  }
}
