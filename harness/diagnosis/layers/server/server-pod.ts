import type { V1Pod } from '@kubernetes/client-node'
import { portBehind } from '#diagnosis/addresses.ts'
import type { MeshService, ServiceIn } from '#diagnosis/shared-services.ts'

/** A running pod of a service in a cluster that has a sidecar, if there is one. */
export const serverOf = async (
  { namespace }: MeshService,
  { cluster, meshed }: ServiceIn,
): Promise<V1Pod | undefined> =>
  (await cluster.reads.podsIn(namespace)).find(({ status }) => meshed.includes(status?.podIP ?? ''))

/** The port of its pods to which a service’s first port leads. 0 where it has no port. */
export const targetPort = async (
  { namespace, name }: MeshService,
  { cluster, service }: ServiceIn,
): Promise<number> => {
  const [port] = service?.spec?.ports ?? []
  return (port && (await portBehind(cluster, namespace, name, port))) ?? port?.port ?? 0
}

/** The TCP ports of a service’s pods that requests are sent to. */
export const targetPorts = async (
  { namespace, name }: MeshService,
  { cluster, service }: ServiceIn,
): Promise<number[]> => {
  const tcp = (service?.spec?.ports ?? []).filter(({ protocol }) => protocol === undefined || protocol === 'TCP')
  const behind = await Promise.all(tcp.map((port) => portBehind(cluster, namespace, name, port)))
  return [...new Set(behind.flatMap((port) => port ?? []))]
}
