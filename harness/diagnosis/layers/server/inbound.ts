import { filtersInWords } from '#diagnosis/envoy-filters.ts'
import { istioctl, kubectl, servedBy, type Finding } from '#diagnosis/layer.ts'
import type { MeshService, ServiceIn } from '#diagnosis/shared-services.ts'
import { clustersOf } from '#probes/envoy.ts'
import { listenersOf, type EnvoyListener } from '#probes/envoy-listeners.ts'
import type { Survey } from '#probes/survey/survey.ts'
import { serverOf, targetPorts } from './server-pod.ts'

/** A server whose proxy takes requests and has nothing to pass them on to, whatever its program does. */
export const passesOnToNobody = async (mesh: Survey, service: MeshService, part: ServiceIn): Promise<Finding[]> => {
  const pod = await serverOf(service, part)
  const ports = await targetPorts(service, part)
  if (!pod || ports.length === 0) return []
  const { namespace = '', name = '' } = pod.metadata ?? {}
  const proxy = { kube: part.cluster.kube, namespace, pod: name }
  const [listeners, held] = await Promise.all([listenersOf(proxy), clustersOf(proxy)])
  const lost = lostInbound(listeners, new Set(held.keys()), ports)
  if (lost.length === 0) return []
  const reader = servedBy(mesh, part.cluster) ?? part.cluster
  const filters = await filtersInWords(reader, pod)
  return [
    {
      code: 'MP-926',
      where: `${service.host} in ${part.cluster.name}`,
      evidence: [...lost.map((line) => `the proxy of ${namespace}/${name}: ${line}`), ...filters],
      fix:
        filters.length > 0
          ? kubectl(reader, 'get envoyfilters -A -o yaml   # context: SIDECAR_INBOUND')
          : istioctl(part.cluster, `-n ${namespace} proxy-config all ${name} -o json`),
      clusters: [part.cluster.name],
    },
  ]
}

/** Ports whose ways through a proxy lead to clusters of endpoints that it does not have, in words. */
export const lostInbound = (
  listeners: readonly Pick<EnvoyListener, 'chains'>[],
  held: ReadonlySet<string>,
  ports: readonly number[],
): string[] => {
  const chains = listeners.flatMap((listener) => listener.chains)
  return ports.flatMap((port) => {
    const clusters = new Set(chains.flatMap((chain) => (chain.port === port && chain.cluster ? chain.cluster : [])))
    return [...clusters]
      .filter((cluster) => !held.has(cluster))
      .map((cluster) => `what comes to port ${port} is to go to ${cluster}, which it does not have`)
  })
}
