import pMap from 'p-map'
import { failureOf } from './failure-of.ts'
import { type Turns, turns } from './turns.ts'

/** What a lab shares with those beside it. `signal` fires with the run’s, and when another lab fails. */
export type SharedMachine = { turns: Turns; signal: AbortSignal }

/**
 * Works in a lab for each item, in order. There are two labs at most: one that answers its last checks, and the next,
 * which is brought up beside it once the first passes its turn on. The first error stops the other lab and keeps
 * further ones from being brought up; every lab that was begun is waited for.
 * @throws what came first: the signal’s reason, or the error of a lab.
 */
export const forEachLab = async <Item>(
  items: readonly Item[],
  signal: AbortSignal,
  workIn: (item: Item, index: number, machine: SharedMachine) => Promise<void>,
): Promise<void> => {
  const failure = new AbortController()
  const machine = { turns: turns(), signal: AbortSignal.any([signal, failure.signal]) }
  await pMap(
    items,
    async (item, index) => {
      const error = await failureOf(workIn(item, index, machine), machine.signal)
      // Only the first abort counts: what ends because of it is not the reason.
      if (error !== undefined) failure.abort(error)
    },
    { concurrency: 2 },
  )
  machine.signal.throwIfAborted()
}
