import { topologyVerdict, type CheckResult, type TopologyResult, type Verdict } from '#results/results.ts'

/** What went from one cluster to another: the checks asked there and answered here, and what they say together. */
export type Crossing = { from: string; to: string; verdict: Verdict | 'none'; asked: CheckResult[] }

/**
 * Every ordered pair of clusters. Only a check that was asked from one cluster alone tells a direction; those of the
 * whole mesh would blame both.
 */
export const crossingsOf = ({ clusters, checks }: Pick<TopologyResult, 'clusters' | 'checks'>): Crossing[] =>
  clusters.flatMap(({ name: from }) =>
    clusters
      .filter(({ name }) => name !== from)
      .map(({ name: to }) => {
        const asked = checks.filter(
          (check) =>
            check.attempts.length > 0 && check.from.length === 1 && check.from[0] === from && check.to.includes(to),
        )
        return { from, to, verdict: asked.length === 0 ? 'none' : topologyVerdict(asked), asked }
      }),
  )
