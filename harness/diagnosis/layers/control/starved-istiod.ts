import type { V1Pod } from '@kubernetes/client-node'
import type { Finding } from '#diagnosis/layer.ts'
import { resourcesOf, starvedOf } from '#diagnosis/starved.ts'
import { istiodApi } from '#istio/istiod-pods.ts'
import type { measurePace } from '#probes/pace.ts'
import { hostOf, type SurveyedCluster } from '#probes/survey/survey.ts'

/** A cluster’s istiod that its limit leaves too little processor time. `pods` are those of istiod. */
export const starvedIstiod = async (
  cluster: SurveyedCluster,
  pods: V1Pod[],
  measure?: typeof measurePace,
): Promise<Finding[]> => {
  const program = {
    kube: istiodApi(cluster),
    containerOf: ({ spec }: V1Pod) => spec?.containers.find(({ name }) => name === 'discovery'),
    idle: ['pilot-discovery', 'version'],
  }
  const starved = await starvedOf(cluster, pods, program, measure)
  if (!starved) return []
  return [
    {
      code: 'MP-848',
      where: `${hostOf(cluster).name} istiod`,
      evidence: starved.evidence,
      fix: resourcesOf(hostOf(cluster), starved.pod),
      clusters: [cluster.name],
    },
  ]
}
