import type {
  Measured,
  Probe,
  Results,
  TopologyResult,
  Upgrade,
  UpgradePhaseResult,
  UpgradeVerdict,
  Verdict,
} from '#results/results.ts'
import { UpgradeVerdict as verdicts } from '#results/results.ts'
import { countsOf, runVerdict, verdictWords } from './words.ts'

/** A verdict of an upgrade for people: a mark and a word. */
export const upgradeVerdictWords: Record<UpgradeVerdict, { mark: string; word: string }> = {
  pass: verdictWords.pass,
  warn: { mark: '!', word: 'passed with warnings' },
  'not-run': verdictWords['not-run'],
  inconclusive: { mark: '?', word: 'inconclusive' },
  fail: verdictWords.fail,
}

const asUpgrade: Record<Verdict, UpgradeVerdict> = {
  pass: 'pass',
  flaky: 'warn',
  fail: 'fail',
  skipped: 'not-run',
  'not-run': 'not-run',
}

/** A run with an upgrade is as good as its worst upgrade, and never better than the run itself. */
export const upgradeRunVerdict = (results: Results): UpgradeVerdict => {
  const all = new Set([
    asUpgrade[runVerdict(results)],
    ...results.topologies.flatMap(({ upgrade }) => (upgrade ? [upgrade.verdict] : [])),
  ])
  return verdicts.options.findLast((one) => all.has(one)) ?? 'not-run'
}

/**
 * What probes through the mesh saw together: requests of those that expect answers, without the lines of long answers,
 * and their breaks; and what was let through that must be refused.
 */
export type Traffic = {
  sent: number
  lost: number
  longestGapMilliseconds: number
  streamBreaks: number
  wrong: number
}

/** The traffic of an upgrade, or of what of it is given. */
export const trafficOf = (probes: readonly Probe[], measured: readonly Measured[]): Traffic => {
  const known = new Map(probes.map((probe) => [probe.id, probe]))
  const through = measured.flatMap((one) => {
    const probe = known.get(one.probe)
    return probe && probe.kind !== 'outside' ? [{ ...one, of: probe }] : []
  })
  const answering = through.filter(({ of }) => of.expects === 'answers')
  const requests = answering.filter(({ of }) => of.kind !== 'stream')
  const sum = (of: readonly Measured[], figure: (one: Measured) => number): number =>
    of.reduce((total, one) => total + figure(one), 0)
  return {
    sent: sum(requests, ({ sent }) => sent),
    lost: sum(requests, ({ lost }) => lost),
    longestGapMilliseconds: Math.max(0, ...answering.map((one) => one.longestGapMilliseconds)),
    streamBreaks: sum(answering, ({ streamBreaks }) => streamBreaks.length),
    wrong: sum(through, ({ wrong }) => wrong),
  }
}

/** `0 of 42,300 requests lost`. */
export const lostWords = ({ lost, sent }: Pick<Traffic, 'lost' | 'sent'>): string =>
  `${count(lost)} of ${count(sent)} requests lost`

/** A whole number as a person reads it: `42,300`. */
export const count = (number: number): string => whole.format(number)

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

/** `in place` or `by revision`. */
export const strategyWords: Record<Upgrade['strategy'], string> = { 'in-place': 'in place', revision: 'by revision' }

/** `P6 cluster2: workloads`. */
export const phaseWords = ({ id, name }: Pick<UpgradePhaseResult, 'id' | 'name'>): string => `${id} ${name}`

/** What became of a topology, in a few words: of its upgrade, where it had one, otherwise of its checks. */
export const outcomeOf = ({ upgrade, checks }: TopologyResult): string =>
  upgrade ? lostWords(trafficOf(upgrade.probes, upgrade.measured)) : countsOf(checks)
