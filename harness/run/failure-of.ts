/**
 * Waits for a piece of work and says what ended it early, or returns undefined where it went well. It never rejects.
 * Once the signal has fired, its reason is what counts, whatever the work threw because of it. Otherwise it is the
 * first error, and not one that cleaning up threw after it.
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

/** `await using` joins an error of the block and a later one of the clean-up; the first says why. */
const firstThrown = (thrown: unknown): unknown =>
  thrown instanceof SuppressedError ? firstThrown(thrown.suppressed) : thrown
