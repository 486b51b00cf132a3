import type { Finding } from '#diagnosis/layer.ts'
import { meshNamespacesOf } from '#diagnosis/mesh-namespaces.ts'
import { placeOf } from '#diagnosis/places.ts'
import { proxiesOf, resourcesOf, starvedOf } from '#diagnosis/starved.ts'
import { isSidecar } from '#istio/proxy-container.ts'
import type { measurePace } from '#probes/pace.ts'
import type { SurveyedCluster } from '#probes/survey/survey.ts'

/** The sidecar of a cluster that its limit leaves least processor time, where that is too little. */
export const starvedSidecars = async (cluster: SurveyedCluster, measure?: typeof measurePace): Promise<Finding[]> => {
  const [proxies, namespaces] = await Promise.all([cluster.reads.proxies(), meshNamespacesOf(cluster)])
  const sidecars = proxies.filter((pod) => isSidecar(pod) && namespaces.has(pod.metadata?.namespace ?? ''))
  const starved = await starvedOf(cluster, sidecars, proxiesOf(cluster), measure)
  if (!starved) return []
  return [
    {
      code: 'MP-838',
      where: `${cluster.name} ${placeOf(starved.pod)}`,
      evidence: starved.evidence,
      fix: resourcesOf(cluster, starved.pod),
      clusters: [cluster.name],
    },
  ]
}
