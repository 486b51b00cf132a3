/** A build that runs: how long it should take, and how long it has taken, in seconds. */
export type Running = { planned: number; elapsed: number }

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
 * machine: the builds that are done, and those that run longer than planned, show how fast this one is.
 */
export const remainingOf = (lanes: LaneProgress[]): number => Math.round(Math.max(0, ...lanes.map(remainingOfLane)))

const remainingOfLane = ({ waiting, running, done, concurrency }: LaneProgress): number => {
  const late = running.filter(({ planned, elapsed }) => elapsed > planned)
  const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0)
  const pace =
    (trustInPlan + done.taken + sum(late.map(({ elapsed }) => elapsed))) /
    (trustInPlan + done.planned + sum(late.map(({ planned }) => planned)))
  // A build that is late goes on for another tenth of what it has taken.
  const left = running.map(({ planned, elapsed }) => Math.max(planned * pace - elapsed, elapsed / 10))
  return (waiting * pace + sum(left)) / concurrency
}
