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
import { UpgradeVerdict as UpgradeVerdicts } from '#results/results.ts'
import { judgeCounts } from './judge-text.ts'
import { countsOf, runVerdict, verdictWords } from './words.ts'

/** The verdict of an upgrade for people: a mark and a word. */
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

/** The verdict of a run with upgrades: that of its worst upgrade, and never better than that of the run itself. */
export const upgradeRunVerdict = (results: Results): UpgradeVerdict => {
  const present = new Set([
    asUpgrade[runVerdict(results)],
    ...results.topologies.flatMap(({ upgrade }) => (upgrade ? [upgrade.verdict] : [])),
  ])
  return UpgradeVerdicts.options.findLast((verdict) => present.has(verdict)) ?? 'not-run'
}

/** What the probes through the mesh measured together. */
export type TrafficTotals = {
  /** Requests of the probes that expect answers; the lines of long answers do not count. */
  sent: number
  /** Requests without a good answer, among those sent. */
  lost: number
  /** The longest time between two good answers of a probe that expects them. */
  longestGapMilliseconds: number
  /** How many long answers broke off, without those that ended with a pod that was replaced as planned. */
  streamBreaks: number
  /** How many long answers ended with a pod that was replaced as planned. */
  plannedBreaks: number
  /** Answers from a wrong version or instance, and answers that the mesh must refuse. */
  wrong: number
}

/** Adds up what probes measured. */
export const trafficTotals = (probes: readonly Probe[], measured: readonly Measured[]): TrafficTotals => {
  const byId = new Map(probes.map((probe) => [probe.id, probe]))
  const throughMesh = measured.flatMap((figures) => {
    const probe = byId.get(figures.probe)
    return probe && probe.kind !== 'outside' ? [{ figures, probe }] : []
  })
  const answering = throughMesh.filter(({ probe }) => probe.expects === 'answers')
  const requests = answering.filter(({ probe }) => probe.kind !== 'stream')
  const sum = (summed: typeof throughMesh, figureOf: (figures: Measured) => number): number =>
    summed.reduce((total, { figures }) => total + figureOf(figures), 0)
  return {
    sent: sum(requests, ({ sent }) => sent),
    lost: sum(requests, ({ lost }) => lost),
    longestGapMilliseconds: Math.max(0, ...answering.map(({ figures }) => figures.longestGapMilliseconds)),
    streamBreaks: sum(answering, ({ streamBreaks }) => streamBreaks.filter(({ planned }) => !planned).length),
    plannedBreaks: sum(answering, ({ streamBreaks }) => streamBreaks.filter(({ planned }) => planned).length),
    wrong: sum(throughMesh, ({ wrong }) => wrong),
  }
}

/** `0 of 42,300 requests lost`. */
export const lostWords = ({ lost, sent }: Pick<TrafficTotals, 'lost' | 'sent'>): string =>
  `${count(lost)} of ${count(sent)} requests lost`

/** A whole number as a person reads it: `42,300`. */
export const count = (number: number): string => wholeNumbers.format(number)

const wholeNumbers = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

/** `in place` or `by revision`. */
export const strategyWords: Record<Upgrade['strategy'], string> = { 'in-place': 'in place', revision: 'by revision' }

/** `P6 cluster2: workloads`. */
export const phaseWords = ({ id, name }: Pick<UpgradePhaseResult, 'id' | 'name'>): string => `${id} ${name}`

/** The outcome of a topology in a few words: of its upgrade, or of its judges, or if it has neither, of its checks. */
export const outcomeOf = ({ upgrade, judges, checks }: TopologyResult): string =>
  upgrade ? lostWords(trafficTotals(upgrade.probes, upgrade.measured)) : judges ? judgeCounts(judges) : countsOf(checks)
