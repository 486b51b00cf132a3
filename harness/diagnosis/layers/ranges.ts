import type { SurveyedCluster } from '#probes/survey/survey.ts'
import { overlap } from '#topology/address-range.ts'
import { kubectl, type Finding, type Layer } from '#diagnosis/layer.ts'

/** Pod and service ranges of clusters that share a network do not overlap (istio/istio#14066). */
export const ranges: Layer = {
  name: 'ranges',
  look: async ({ clusters }) => {
    const perCluster = await Promise.all(
      clusters.map(async (cluster) => ({ cluster, ranges: await rangesOf(cluster) })),
    )
    const findings = perCluster.flatMap((first, index) =>
      perCluster
        .slice(index + 1)
        .filter(({ cluster }) => cluster.network === first.cluster.network)
        .flatMap((second): Finding[] => {
          const shared = first.ranges.flatMap((own) =>
            second.ranges
              .filter((foreign) => overlap(own.range, foreign.range))
              .map(
                (foreign) =>
                  `${own.kind} ${own.range} of ${first.cluster.name} and ` +
                  `${foreign.kind} ${foreign.range} of ${second.cluster.name}`,
              ),
          )
          return shared.length === 0
            ? []
            : [
                {
                  code: 'MP-821',
                  where: `${first.cluster.name}, ${second.cluster.name}`,
                  evidence: shared,
                  fix: kubectl(
                    second.cluster,
                    'get servicecidrs,nodes -o ' +
                      'custom-columns=NAME:.metadata.name,SERVICES:.spec.cidrs,PODS:.spec.podCIDRs',
                  ),
                },
              ]
        }),
    )
    return {
      findings,
      seen: perCluster
        .map(
          ({ cluster, ranges: listed }) =>
            `${cluster.name} ${listed.map(({ range }) => range).join(', ') || 'tells no range'}`,
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
