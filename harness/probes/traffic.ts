import type { TimedAnswer } from './background.ts'

/** What became of the requests that were sent while something happened. Times are milliseconds. */
export type Traffic = {
  sent: number
  /** Those without an answer of status 200. */
  lost: number
  /** The longest time without a good answer. */
  longestGap: number
  p99: number
  /** The versions that answered, sorted. */
  versions: string[]
  /** For people: `0 of 412 lost, longest gap 110 ms, p99 12 ms`. */
  summary: string
  firstLost?: { at: string; status: number; curl: number; error: string }
}

/** Counts background answers, which are in the order of time. */
export const trafficOf = (answers: TimedAnswer[]): Traffic => {
  const good = answers.filter(({ status, exit }) => status === 200 && exit === 0)
  const [lost] = answers.filter((answer) => !good.includes(answer))
  const began = answers.slice(0, 1).map(({ endedAt, milliseconds }) => endedAt - milliseconds)
  const moments = [...began, ...good.map(({ endedAt }) => endedAt), ...answers.slice(-1).map(({ endedAt }) => endedAt)]
  const longestGap = Math.round(
    Math.max(0, ...moments.slice(1).map((moment, index) => moment - (moments[index] ?? moment))),
  )
  const p99 = Math.round(
    good.map(({ milliseconds }) => milliseconds).sort((first, second) => first - second)[
      Math.ceil(good.length * 0.99) - 1
    ] ?? 0,
  )
  const sent = answers.length
  return {
    sent,
    lost: sent - good.length,
    longestGap,
    p99,
    versions: [...new Set(good.flatMap(({ version }) => version ?? []))].sort(),
    summary: `${sent - good.length} of ${sent} lost, longest gap ${longestGap} ms, p99 ${p99} ms`,
    ...(lost
      ? {
          firstLost: {
            at: new Date(lost.endedAt).toISOString(),
            status: lost.status,
            curl: lost.exit,
            error: lost.error,
          },
        }
      : {}),
  }
}
