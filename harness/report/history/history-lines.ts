import type { CheckHistory, Counts, History, TopologyHistory } from '#results/history.ts'
import { variantName } from '#results/results.ts'
import { duration } from '#report/words.ts'
import { judgedOf } from './history-of.ts'

/** The name of a variant of a topology, and whether it was upgraded or judged. */
export const nameOf = ({ name, mtls, command }: Pick<TopologyHistory, 'name' | 'mtls' | 'command'>): string =>
  `${variantName({ name, mtls })}${commandWords[command]}`

const commandWords = { test: '', upgrade: ', upgraded', judge: ', judged' }

/** The name of the variant of a topology that a check was asked in. */
export const placeOf = ({ topology, mtls }: Pick<CheckHistory, 'topology' | 'mtls'>): string =>
  variantName({ name: topology, mtls })

/** Counts in words, without those that are zero: `10 passed, 1 passed on retry`. */
export const countWords = ({ passed, flaky, failed, notRun }: Counts): string =>
  [
    [passed, 'passed'],
    [flaky, 'passed on retry'],
    [failed, 'failed'],
    [notRun, 'not run'],
  ]
    .filter(([count]) => count !== 0)
    .map(([count, word]) => `${count} ${word}`)
    .join(', ') || 'none'

/** The checks that passed only on a retry at least once, the most often first. */
export const flakyChecks = ({ checks }: History): CheckHistory[] =>
  checks.filter(({ counts }) => counts.flaky > 0).toSorted((a, b) => b.flakyRate - a.flakyRate)

/** Something that became slower: a check, or a part of a topology. */
export type SlowerPart = { what: string; where: string; before: number; now: number }

/** What became slower, the largest growth first. */
export const slowerParts = ({ checks, topologies }: History): SlowerPart[] =>
  [
    ...checks.flatMap((check) => (check.slower ? [{ what: check.id, where: placeOf(check), ...check.slower }] : [])),
    ...topologies.flatMap((topology) => [
      ...(topology.slower.lab ? [{ what: 'the lab', where: nameOf(topology), ...topology.slower.lab }] : []),
      ...(topology.slower.checks ? [{ what: 'all checks', where: nameOf(topology), ...topology.slower.checks }] : []),
    ]),
  ].toSorted((a, b) => b.now / b.before - a.now / a.before)

/** The number of runs with the days of the first and the last. */
export const spanWords = ({ runs }: History): string => {
  const [first, last] = [runs[0], runs.at(-1)].map((run) => run?.startedAt.slice(0, 10) ?? '')
  const days = first === last ? `on ${first ?? ''}` : `from ${first ?? ''} to ${last ?? ''}`
  return `${runs.length} ${runs.length === 1 ? 'run' : 'runs'} ${days}`
}

/** The history in a terminal: how the topologies ended, what flakes, what became slower, and what was left out. */
export const historyLines = (history: History): string[] => [
  spanWords(history),
  ...history.topologies.map((topology) => `${nameOf(topology)}  ${countWords(topology.counts)}`),
  ...flakyChecks(history).map(
    (check) => `flaky   ${check.id}  ${placeOf(check)}  ${check.counts.flaky} of ${judgedOf(check.counts)} runs`,
  ),
  ...slowerParts(history).map(
    ({ what, where, before, now }) => `slower  ${what}  ${where}  ${duration(before)} before, ${duration(now)} now`,
  ),
  ...history.leftOut.map(({ folder, reason }) => `left out  ${folder}: ${reason}`),
]
