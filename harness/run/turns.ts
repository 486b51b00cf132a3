/** Who may do what at the same time, where several labs share a machine. */
export type Turns = {
  toBringUp: <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>
  toAsk: <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>
}

/**
 * One lab is brought up at a time, and one is asked at a time: while a lab answers checks, which mostly wait, the next is brought
 * up beside it.
 */
export const turns = (): Turns => ({ toBringUp: oneAtATime(), toAsk: oneAtATime() })

const oneAtATime = (): Turns['toAsk'] => {
  let last: Promise<unknown> = Promise.resolve()
  return (work, signal) => {
    const mine = last.then(() => { signal.throwIfAborted(); return work() })
    last = mine.catch(() => undefined)
    return mine
  }
}
