import pMap from 'p-map'
import { isSilence } from '#probes/dial.ts'

/** Requests per pair of clusters. A loss of a third is missed once in 4,000 runs, of a tenth once in 9. */
const requestsEach = 21

/** So many requests of a round can be lost where a proxy is replaced or a connection ends. */
const lostByAccident = 2

/** The answers of one service: how many requests were answered, and what the others got. */
export type Answers = { answered: number; of: number; errors: string[]; lostBefore?: number }

/**
 * Asks a service. `ask` sends a request and returns its error, which is empty where it is answered. Where a round loses
 * one or two requests, or any number of them in silence, a second one tells an accident from a fault: a machine that is
 * short of processor time loses many at once, a fault loses some in every round. `lostBefore` is what the first round
 * lost where the second lost nothing. A service that did not answer before is asked a few times only.
 */
export const askInRounds = async (reached: boolean, ask: () => Promise<string>): Promise<Answers> => {
  const round = (requests: number): Promise<string[]> => pMap(Array.from({ length: requests }), ask, { concurrency: 7 })
  const lostOf = (answers: string[]): string[] => answers.filter((error) => error !== '')
  const first = await round(reached ? requestsEach : 4)
  const lost = lostOf(first).length
  const maybeAccident = lost > 0 && (lost <= lostByAccident || lostOf(first).every(isSilence))
  const second = reached && maybeAccident ? await round(requestsEach) : []
  if (second.length > 0 && lostOf(second).length === 0)
    return { answered: second.length, of: second.length, errors: [], lostBefore: lost }
  const answers = [...first, ...second]
  const errors = lostOf(answers)
  return { answered: answers.length - errors.length, of: answers.length, errors: [...new Set(errors)] }
}
