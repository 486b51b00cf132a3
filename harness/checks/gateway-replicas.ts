import type { V1Pod } from '@kubernetes/client-node'
import { isReady } from '#kube/pods.ts'
import { listenersOf, serverNamesAt } from '#probes/envoy-listeners.ts'
import type { Recorder } from './evidence.ts'
import type { TargetCluster } from './target.ts'

/** A ready pod of an east-west gateway, and the server names that it passes on at 15443. */
export type GatewayReplica = { name: string; serverNames: string[] }

/**
 * Asks every ready pod of a cluster’s east-west gateway, of every release. A cluster without a gateway has none.
 */
export const gatewayReplicas = async (
  { name: cluster, kube, gateway }: TargetCluster,
  record: Recorder,
): Promise<GatewayReplica[]> => {
  if (!gateway) return []
  const namespace = gateway.service.namespace ?? ''
  const pods = (
    await kube.list<V1Pod>({ apiVersion: 'v1', kind: 'Pod', namespace, selector: gateway.selector })
  ).filter(isReady)
  const replicas = await Promise.all(
    pods.map(async ({ metadata }) => {
      const name = metadata?.name ?? ''
      const listeners = await listenersOf({ kube, namespace, pod: name })
      return { name, serverNames: [...new Set(serverNamesAt(listeners, 15443))].sort() }
    }),
  )
  record.add({
    probe: 'gateway’s replicas',
    cluster,
    replicas: replicas.map(({ name, serverNames }) => ({
      name,
      serverNames: serverNames.length,
      some: serverNames.slice(0, 3),
    })),
  })
  return replicas
}
