/**
 * Waits for work and returns the error that ended it early, or undefined where it succeeded. It never rejects. Once
 * the signal has fired, the signal’s reason is the error, whatever the work threw. Otherwise it is the first error,
 * and not a later one of the clean-up.
 */
export const failureOf = async (work: Promise<unknown>, signal: AbortSignal): Promise<unknown> => {
  try {
    await work
    signal.throwIfAborted()
    return undefined
  } catch (thrown) {
    return signal.aborted ? signal.reason : firstThrown(thrown)
  }
}

/** `await using` joins an error of the block and a later error of the clean-up. The first one is the cause. */
const firstThrown = (thrown: unknown): unknown =>
  thrown instanceof SuppressedError ? firstThrown(thrown.suppressed) : thrown
