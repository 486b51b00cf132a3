import type { Survey } from '#probes/survey/survey.ts'
import type { Finding } from '#diagnosis/layer.ts'

/**
 * Clusters that call themselves the same: istiod ignores a remote secret under its own cluster’s name (istio/istio
 * multicluster, “ignoring cluster as it would overwrite the config cluster”), and cannot tell two others apart.
 */
export const sharedNames = ({ clusters }: Survey): Finding[] =>
  [...Map.groupBy(clusters, ({ name }) => name)].flatMap(([name, namesakes]): Finding[] =>
    namesakes.length < 2
      ? []
      : [
          {
            code: 'MP-860',
            where: `${name} (contexts ${namesakes.map(({ context }) => context).join(', ')})`,
            evidence: [
              ...namesakes.map(({ context, role }) => `context ${context}, a ${role}, calls itself ${name}`),
              'a control plane ignores a remote secret under its own cluster’s name, and sees no error in it',
            ],
            clusters: clusters.map((cluster) => cluster.name),
            fix:
              'Install each cluster with a global.multiCluster.clusterName of its own, restart its workloads, and ' +
              'create the remote secrets again with that --name.',
          },
        ],
  )
