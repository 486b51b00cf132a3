import { type Finding, kubectl, type Layer, servedBy } from '#diagnosis/layer.ts'
import { minorOf, tagOf } from '#images/version.ts'
import { proxyOf } from '#istio/proxy-container.ts'
import { differentMeshIds, type Survey } from '#probes/survey/survey.ts'
import { idleControllers } from './controllers.ts'

/**
 * API servers answer (else there was no survey), controllers follow what is in them, and proxies are not too far from
 * their control plane (Istio’s supported skew: two minor versions).
 */
export const api: Layer = {
  name: 'api',
  look: async (mesh) => {
    const perCluster = await Promise.all(
      mesh.clusters.map(async (cluster): Promise<Finding[]> => {
        const served = minorOf(servedBy(mesh, cluster)?.istio ?? '')
        const far = (await cluster.reads.proxies()).filter(
          (pod) => apart(minorOf(tagOf(proxyOf(pod)?.image)), served) > 2,
        )
        return far.length === 0
          ? []
          : [
              {
                code: 'MP-811',
                where: cluster.name,
                evidence: far
                  .slice(0, 5)
                  .map(
                    (pod) =>
                      `${pod.metadata?.namespace ?? ''}/${pod.metadata?.name ?? ''} runs ` +
                      `${tagOf(proxyOf(pod)?.image)}, its control plane ${servedBy(mesh, cluster)?.istio ?? ''}`,
                  ),
                fix: kubectl(cluster, `-n ${far[0]?.metadata?.namespace ?? ''} rollout restart deployment`),
              },
            ]
      }),
    )
    const idle = await Promise.all(mesh.clusters.map((cluster) => idleControllers(cluster)))
    return {
      findings: [...idle.flat(), ...perCluster.flat(), ...meshIds(mesh)],
      seen: mesh.clusters
        .map(({ name, kubernetes, istio }) => `${name} Kubernetes ${kubernetes}, Istio ${istio || 'unknown'}`)
        .join('; '),
    }
  },
}

/** Ids of the mesh that differ: traffic does not look at them (istio/istio#46388). */
const meshIds = (mesh: Survey): Finding[] => {
  const evidence = differentMeshIds(mesh)
  const [first] = mesh.clusters
  if (!first || evidence.length === 0) return []
  const where = mesh.clusters.map(({ name }) => name).join(', ')
  const fix = kubectl(first, `-n ${first.istioNamespace} get configmap istio-sidecar-injector -o yaml | grep meshID`)
  return [{ code: 'MP-812', where, evidence, fix }]
}

const apart = (first: number | undefined, second: number | undefined): number =>
  first === undefined || second === undefined ? 0 : Math.abs(first - second)
