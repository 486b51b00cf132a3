import pMap from 'p-map'
import { failureOf } from './failure-of.ts'
import { type Turns, turns } from './turns.ts'

/**
 * What labs on one machine share. `signal` fires with the run’s signal, and when another lab fails. `earlierEnded`
 * waits until every lab that started before is gone.
 */
export type SharedMachine = { turns: Turns; signal: AbortSignal; earlierEnded: () => Promise<unknown> }

/**
 * Works in a lab for each item, in order. At most two labs exist at a time: one finishes its last checks while the
 * next comes up. The next lab starts when the first passes its turn on. The first error stops the other lab and
 * starts no further lab. Every lab that has started is waited for.
 * @throws the signal’s reason, or the error of a lab, whichever came first.
 */
export const forEachLab = async <Item>(
  items: readonly Item[],
  signal: AbortSignal,
  workIn: (item: Item, index: number, machine: SharedMachine) => Promise<void>,
): Promise<void> => {
  const failure = new AbortController()
  const machine = { turns: turns(), signal: AbortSignal.any([signal, failure.signal]) }
  const started: Promise<void>[] = []
  await pMap(
    items,
    async (item, index) => {
      const earlier = [...started]
      const { promise, resolve: ended } = Promise.withResolvers<void>()
      started.push(promise)
      const earlierEnded = (): Promise<unknown> => Promise.all(earlier)
      const error = await failureOf(workIn(item, index, { ...machine, earlierEnded }), machine.signal)
      ended()
      // Only the first abort counts: a lab that ends because of it is not the reason.
      if (error !== undefined) failure.abort(error)
    },
    { concurrency: 2 },
  )
  machine.signal.throwIfAborted()
}
