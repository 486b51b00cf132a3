import type { CheckResult, Results, TopologyResult, Verdict } from '#results/results.ts'
import { topologyVerdict } from '#results/results.ts'

/** A verdict for people: a mark, a word, and how bad it is (0 worst). */
export const verdictWords: Record<Verdict, { mark: string; word: string; rank: number }> = {
  fail: { mark: '✗', word: 'failed', rank: 0 },
  'not-run': { mark: '?', word: 'not run', rank: 1 },
  flaky: { mark: '~', word: 'passed on retry', rank: 2 },
  pass: { mark: '✓', word: 'passed', rank: 3 },
  skipped: { mark: '–', word: 'skipped', rank: 4 },
}

/** `35 passed, 1 failed`: how many of each verdict, and none of which there are none. */
export const countsOf = (checks: readonly Pick<CheckResult, 'verdict'>[]): string =>
  (['pass', 'fail', 'flaky', 'not-run', 'skipped'] as const)
    .flatMap((verdict) => {
      const count = checks.filter((check) => check.verdict === verdict).length
      return count === 0 ? [] : [`${count} ${verdictWords[verdict].word}`]
    })
    .join(', ') || 'no checks'

/** A run is as good as its worst topology, and one that ended early is never better than `not-run`. */
export const runVerdict = ({ run, topologies }: Results): Verdict => {
  const verdict = topologyVerdict(topologies)
  return verdict !== 'fail' && (run.interrupted || run.error !== undefined) ? 'not-run' : verdict
}

/** The topologies, the worst first and otherwise in the order they were run. */
export const worstFirst = (topologies: readonly TopologyResult[]): TopologyResult[] =>
  topologies.toSorted((a, b) => verdictWords[a.verdict].rank - verdictWords[b.verdict].rank)

/** What has an anchor: a variant of a topology, or a phase of its upgrade. */
export type Anchored = Pick<TopologyResult, 'name' | 'mtls'> & { phase?: string }

/** A name that is an anchor of a page: `vpn-off`; of a phase of an upgrade: `vpn-off-P3`. */
export const anchorOf = ({ name, mtls, phase }: Anchored): string =>
  [name, mtls, ...(phase === undefined ? [] : [phase])].join('-').replaceAll(/[^\w-]+/g, '-')

/** `cluster1 → cluster2, cluster3`; `the whole mesh` for a check that is about all clusters together. */
export const routeOf = ({ from, to }: Pick<CheckResult, 'from' | 'to'>): string =>
  from.length > 1 ? 'the whole mesh' : `${from.join(', ')} → ${to.join(', ')}`

/** A span of time as a person says it: `0.4 s`, `39 s`, `7 min 12 s`. */
export const duration = (seconds: number): string => {
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`
}

/** An ISO time without its milliseconds, in UTC: `2026-01-31 12:00:00 UTC`. */
export const moment = (time: string): string => `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} UTC`
