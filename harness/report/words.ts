import type { CheckResult, Results, TopologyResult, Verdict } from '#results/results.ts'
import { isOpenFailure, topologyVerdict } from '#results/results.ts'

/** The verdict of a check, a topology or a run for people: a mark, a word, and its rank (0 is the worst). */
export const verdictWords: Record<Verdict, { mark: string; word: string; rank: number }> = {
  fail: { mark: '✗', word: 'failed', rank: 0 },
  'not-run': { mark: '?', word: 'not run', rank: 1 },
  flaky: { mark: '~', word: 'passed on retry', rank: 2 },
  pass: { mark: '✓', word: 'passed', rank: 3 },
  skipped: { mark: '–', word: 'skipped', rank: 4 },
}

/** What is counted of a check. */
type Counted = Pick<CheckResult, 'verdict' | 'knownIssue'>

/** How many checks have each verdict, without the verdicts that no check has: `35 passed, 1 failed`. */
export const countsOf = (checks: readonly Counted[]): string =>
  (['pass', 'fail', 'flaky', 'not-run', 'skipped'] as const)
    .flatMap((verdict) => {
      if (!checks.some((check) => check.verdict === verdict)) return []
      if (verdict === 'fail') return [failedCount(checks)]
      return [`${checks.filter((check) => check.verdict === verdict).length} ${verdictWords[verdict].word}`]
    })
    .join(', ') || 'no checks'

/** How many checks failed, and how many of those meet a known issue: `2 failed (1 known issue)`. */
export const failedCount = (checks: readonly Counted[]): string => {
  const failed = checks.filter(({ verdict }) => verdict === 'fail')
  const known = failed.filter(({ knownIssue }) => knownIssue).length
  const words = known === 0 ? '' : ` (${known} known issue${known === 1 ? '' : 's'})`
  return `${failed.length} ${verdictWords.fail.word}${words}`
}

/** The ids of the checks that failed and meet no known issue, each once, in their order. */
export const failedIds = (checks: readonly (Counted & Pick<CheckResult, 'id'>)[]): string[] => [
  ...new Set(checks.filter(isOpenFailure).map(({ id }) => id)),
]

/** The verdict of a run: that of its worst topology, and never better than `not-run` if the run ended early. */
export const runVerdict = ({ run, topologies }: Results): Verdict => {
  const verdict = topologyVerdict(topologies)
  return verdict !== 'fail' && (run.interrupted || run.error !== undefined) ? 'not-run' : verdict
}

/** The topologies, the worst first. Those with the same verdict stay in the order in which they ran. */
export const worstFirst = (topologies: readonly TopologyResult[]): TopologyResult[] =>
  topologies.toSorted((a, b) => verdictWords[a.verdict].rank - verdictWords[b.verdict].rank)

/** Something with an anchor on a page: a variant of a topology, or a phase of its upgrade. */
export type Anchored = Pick<TopologyResult, 'name' | 'mtls'> & { phase?: string }

/** The anchor of a variant, such as `vpn-off`, or of a phase of its upgrade, such as `vpn-off-P3`. */
export const anchorOf = ({ name, mtls, phase }: Anchored): string =>
  [name, mtls, ...(phase === undefined ? [] : [phase])].join('-').replaceAll(/[^\w-]+/g, '-')

/** From where to where a check asks: `cluster1 → cluster2, cluster3`, or `the whole mesh`. */
export const routeOf = ({ from, to }: Pick<CheckResult, 'from' | 'to'>): string =>
  from.length > 1 ? 'the whole mesh' : `${from.join(', ')} → ${to.join(', ')}`

/** Seconds in words: `0.4 s`, `39 s`, `7 min 12 s`. */
export const duration = (seconds: number): string => {
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`
}

/** Whole seconds that are estimated, in words: `39 s`, `7 min`. */
export const roughly = (seconds: number): string => (seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`)

/** An ISO time without its milliseconds, in UTC: `2026-01-31 12:00:00 UTC`. */
export const moment = (time: string): string => `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} UTC`
