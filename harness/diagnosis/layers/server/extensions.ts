import { kubectl, servedBy, type Finding } from '#diagnosis/layer.ts'
import type { MeshService, ServiceIn } from '#diagnosis/shared-services.ts'
import { extensionsRefusing } from '#probes/envoy.ts'
import type { Survey } from '#probes/survey/survey.ts'
import { serverOf } from './server-pod.ts'

/**
 * A server whose proxy could not load an extension (a WasmPlugin’s module) and refuses every request in its place. This
 * is what `failStrategy: FAIL_CLOSE`, the default, asks for.
 */
export const refusedByExtension = async (mesh: Survey, service: MeshService, part: ServiceIn): Promise<Finding[]> => {
  const pod = await serverOf(service, part)
  if (!pod) return []
  const { namespace = '', name = '' } = pod.metadata ?? {}
  const refusing = await extensionsRefusing({ kube: part.cluster.kube, namespace, pod: name })
  if (refusing.length === 0) return []
  const reader = servedBy(mesh, part.cluster) ?? part.cluster
  return [
    {
      code: 'MP-909',
      cause: 'an extension of a server’s proxy could not be loaded, and every request is refused in its place',
      where: `${service.host} in ${part.cluster.name}`,
      evidence: [
        `the proxy of ${namespace}/${name} has no module for ${refusing.join(', ')}, and denies all instead`,
        'its log says why: the module cannot be fetched, or has another checksum',
      ],
      fix: kubectl(reader, 'get wasmplugins -A -o yaml   # url, imagePullSecret, failStrategy'),
      clusters: [part.cluster.name],
    },
  ]
}
