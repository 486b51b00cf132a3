import { askUntil } from '#kube/until.ts'
import type { Answer } from './curl.ts'

/** What stands for the status of a request that got no answer. */
export const noAnswer = 'no answer'

/** The answers to one verdict's requests, and how long the mesh took to settle before they were sent. */
export type Answers = {
  all: Answer[]
  /** Each status once, the lowest first; `no answer` where nothing came. */
  statuses: (number | typeof noAnswer)[]
  /** The versions that answered, sorted. */
  versions: string[]
  /** How many requests got an answer with status 200. */
  ok: number
  /** For people: `21 of 21  v1 11, v2 10`. */
  summary: string
  settled: { batches: number; seconds: number; inTime: boolean }
}

/**
 * The chance that requests, spread evenly over versions, miss one of them: at most `versions × (1 −
 * 1/versions)^requests`.
 */
export const chanceToMiss = (versions: number, requests: number): number =>
  Math.min(1, versions * (1 - 1 / versions) ** requests)

/** How many requests leave that chance below one in a million: 21 over two versions, 37 over three, 53 over four. */
export const enoughFor = (versions: number): number => {
  let requests = 21
  while (chanceToMiss(versions, requests) > 1e-6) requests += 1
  return requests
}

/**
 * True where a count is no surprise for a share of requests: neither as few nor as many would come up more often than
 * once in a million by chance (both tails of the binomial distribution).
 */
export const plausible = (count: number, requests: number, share: number): boolean => {
  // Each term from the one before it, in logarithms: the terms themselves are too small to start from.
  let logarithm = requests * Math.log(1 - share)
  let [below, above] = [0, 0]
  for (let hits = 0; hits <= requests; hits += 1) {
    if (hits <= count) below += Math.exp(logarithm)
    if (hits >= count) above += Math.exp(logarithm)
    logarithm += Math.log((requests - hits) / (hits + 1)) + Math.log(share / (1 - share))
  }
  return Math.min(below, above) > 1e-6 / 2
}

/** Summarizes answers: their statuses and versions, and how many there are of each. */
export const answersOf = (
  received: Answer[],
  settled: Answers['settled'] = { batches: 0, seconds: 0, inTime: true },
): Answers => {
  const counts = new Map<string, number>()
  for (const { version, status, exit } of received) {
    const key = version ?? (exit === 0 ? `status ${status}` : `curl ${exit}`)
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  const ok = received.filter(({ status }) => status === 200).length
  const summary = [...counts]
    .sort(([first], [second]) => first.localeCompare(second))
    .map(([key, number]) => `${key} ${number}`)
    .join(', ')
  return {
    all: received,
    statuses: [...new Set(received.map(({ status }) => status))]
      .sort((first, second) => first - second)
      .map((status) => status || noAnswer),
    versions: [...new Set(received.flatMap(({ version }) => version ?? []))].sort(),
    ok,
    summary: `${ok} of ${received.length}  ${summary}`,
    settled,
  }
}

/**
 * Sends a batch of requests and, right after it, the sample. The sample is judged once its batch looked as expected, or
 * when the time (milliseconds) is up. Otherwise both are discarded and sent again, because a change takes a moment to
 * arrive. What is judged is one sample of fixed size and not the luckiest of many: its own answers do not decide
 * whether it counts. The batch is large enough that it does not look as expected by chance before a rule arrives.
 */
export const sample = async (
  ask: (count: number) => Promise<Answer[]>,
  settled: (answers: Answers) => boolean,
  {
    within = 10_000,
    count = enoughFor(2),
    batch = Math.max(enoughFor(2), count),
    signal,
  }: { within?: number; batch?: number; count?: number; signal?: AbortSignal | undefined } = {},
): Promise<Answers> => {
  const since = performance.now()
  let batches = 0
  const last = await askUntil(
    async () => {
      batches += 1
      const waited = performance.now() - since
      const answers = await ask(batch + count)
      return { all: answers, waited, inTime: settled(answersOf(answers.slice(0, batch))) }
    },
    ({ inTime }) => inTime,
    { every: 200, within, signal },
  )
  // One that failed early may have ended within its batch.
  return answersOf(last.all.length > batch ? last.all.slice(batch) : last.all, {
    batches,
    seconds: Math.round(last.waited) / 1000,
    inTime: last.inTime,
  })
}

/** True when every answer is a 200 and exactly these versions are among them. */
export const allSeen =
  (versions: string[]) =>
  ({ all, ok, versions: observed }: Answers): boolean =>
    ok === all.length && observed.join() === [...versions].sort().join()

/** True when no request got an HTTP answer at all. */
export const allRefused = ({ all }: Answers): boolean => all.every(({ status }) => status === 0)
