/**
 * The turn of one lab. It ends with its block (`using`), or earlier with `passOn`. The lab then continues beside the
 * next lab.
 */
export type Turn = Disposable & { passOn: () => void }

/** Turns for labs that share a machine. */
export type Turns = {
  /**
   * Waits for a turn. Labs get their turns in the order in which they ask.
   * @throws the signal’s reason where it fires before the turn comes. The turn then goes to the next lab.
   */
  take: (signal: AbortSignal) => Promise<Turn>
}

/** Turns of which none is taken yet. */
export const turns = (): Turns => {
  let last: Promise<void> = Promise.resolve()
  return {
    take: async (signal) => {
      const before = last
      const { promise, resolve: passOn } = Promise.withResolvers<void>()
      last = promise
      await before
      if (signal.aborted) passOn()
      signal.throwIfAborted()
      return { passOn, [Symbol.dispose]: passOn }
    },
  }
}
