import { topologyVerdict, type CheckResult, type TopologyResult, type Verdict } from '#results/results.ts'

/** The checks that a cluster asks and another one answers, with the verdict of them together. */
export type Crossing = { from: string; to: string; verdict: Verdict | 'none'; asked: CheckResult[] }

/**
 * A crossing for every ordered pair of clusters. A check counts for a direction only if one cluster alone asked it: a
 * check of the whole mesh would blame both directions.
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
