import { askUntil } from './until.ts'

/**
 * Looks every second for so long (milliseconds), at least twice, and returns all that was seen.
 * @throws Interrupted when the signal fires.
 */
export const watch = async <T>(
  look: () => Promise<T>,
  during: number,
  signal: AbortSignal,
  every = 1_000,
): Promise<T[]> => {
  const since = performance.now()
  const looks: T[] = []
  await askUntil(
    async () => looks.push(await look()),
    (count) => count >= 2 && performance.now() - since >= during,
    { every, within: Infinity, signal },
  )
  return looks
}
