/**
 * A build that runs: how long it should take, and how long it has taken, in seconds. `share` is how much of it is done
 * (0 to 1), where that is known.
 */
export type Running = { planned: number; elapsed: number; share?: number }

/**
 * The builds of one lane, in seconds: what those that wait should take in all, those that run, and what those that are
 * done should have taken and did take. `concurrency` of them run at once.
 */
export type LaneProgress = {
  waiting: number
  running: Running[]
  done: { planned: number; taken: number }
  concurrency: number
}

// The plan counts as much as a minute of builds: a first small build that is slow does not say that all are.
const trustInPlan = 60

/**
 * How many seconds remain for builds in lanes that run side by side. The planned durations are those of another
 * machine: the builds that are done, the share of those that run, and those that run longer than planned show how fast
 * this one is.
 */
export const remainingOf = (lanes: LaneProgress[]): number => Math.round(Math.max(0, ...lanes.map(remainingOfLane)))

const remainingOfLane = ({ waiting, running, done, concurrency }: LaneProgress): number => {
  const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0)
  // What is known of the builds that run: which share of them is done, or that they are late.
  const known = running.flatMap(({ planned, elapsed, share }) =>
    share === undefined
      ? elapsed > planned
        ? [{ planned, taken: elapsed }]
        : []
      : [{ planned: planned * share, taken: elapsed }],
  )
  const pace =
    (trustInPlan + done.taken + sum(known.map(({ taken }) => taken))) /
    (trustInPlan + done.planned + sum(known.map(({ planned }) => planned)))
  const left = running.map(({ planned, elapsed, share }) =>
    // A build that is late goes on for another tenth of what it has taken.
    share === undefined ? Math.max(planned * pace - elapsed, elapsed / 10) : planned * (1 - share) * pace,
  )
  return (waiting * pace + sum(left)) / concurrency
}
