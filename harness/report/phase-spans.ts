import type { Phase } from '#results/results.ts'

/** The phases of a run that are not part of bringing up its lab. */
const otherPhases = ['images', 'judge programs', 'checks', 'judges', 'diagnosis', 'support bundle', 'teardown']

/**
 * The phases with that name that ran; `lab` stands for all phases that bring the lab up.
 */
export const phasesOf = (phases: readonly Phase[], label: string): Phase[] =>
  phases.filter(
    ({ name, verdict }) => verdict !== 'not-run' && (label === 'lab' ? !otherPhases.includes(name) : name === label),
  )

/** From the first start to the last end of phases, in seconds: overlapping phases count once. There is at least one. */
export const spanOf = (phases: readonly Phase[]): number => {
  const start = Math.min(...phases.map(({ startedAt }) => Date.parse(startedAt)))
  const end = Math.max(...phases.map(({ startedAt, seconds }) => Date.parse(startedAt) + seconds * 1000))
  return (end - start) / 1000
}
