import type { SurveyedCluster } from '#probes/survey/survey.ts'
import { overlap } from '#topology/address-range.ts'
import { kubectl, type Finding, type Layer } from '#diagnosis/layer.ts'

/** Pod and service ranges of clusters that share a network do not overlap (istio/istio#14066). */
export const ranges: Layer = {
  name: 'ranges',
  look: async ({ clusters }) => {
    const all = await Promise.all(clusters.map(async (cluster) => ({ cluster, ranges: await rangesOf(cluster) })))
    const findings = all.flatMap((one, index) =>
      all
        .slice(index + 1)
        .filter(({ cluster }) => cluster.network === one.cluster.network)
        .flatMap((other): Finding[] => {
          const shared = one.ranges.flatMap((a) =>
            other.ranges
              .filter((b) => overlap(a.range, b.range))
              .map(
                (b) => `${a.kind} ${a.range} of ${one.cluster.name} and ${b.kind} ${b.range} of ${other.cluster.name}`,
              ),
          )
          return shared.length === 0
            ? []
            : [
                {
                  code: 'MP-821',
                  where: `${one.cluster.name}, ${other.cluster.name}`,
                  evidence: shared,
                  fix: kubectl(
                    other.cluster,
                    'get servicecidrs,nodes -o ' +
                      'custom-columns=NAME:.metadata.name,SERVICES:.spec.cidrs,PODS:.spec.podCIDRs',
                  ),
                },
              ]
        }),
    )
    return {
      findings,
      seen: all
        .map(
          ({ cluster, ranges: its }) => `${cluster.name} ${its.map(({ range }) => range).join(', ') || 'tells none'}`,
        )
        .join('; '),
    }
  },
}

const rangesOf = async ({ reads }: SurveyedCluster): Promise<{ kind: 'pods' | 'services'; range: string }[]> => {
  const [nodes, services] = await Promise.all([reads.nodes(), reads.serviceCidrs()])
  return [
    ...nodes.flatMap(({ spec }) => spec?.podCIDRs ?? []).map((range) => ({ kind: 'pods' as const, range })),
    ...services.flatMap(({ spec }) => spec?.cidrs ?? []).map((range) => ({ kind: 'services' as const, range })),
  ]
}
