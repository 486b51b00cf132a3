import type { V1Pod } from '@kubernetes/client-node'
import type { GatewayService } from '#diagnosis/network-gateways.ts'
import type { Vantage } from '#probes/dial.ts'
import type { Endpoint } from '#probes/envoy.ts'
import type { EnvoyCluster } from '#probes/envoy-clusters.ts'
import type { EnvoyListener } from '#probes/envoy-listeners.ts'

/**
 * A gateway’s pod as it is asked: which port its listener has, what Envoy says of listeners and endpoints, and what
 * it was told about clusters of endpoints.
 */
export type GatewayPod = {
  gateway: GatewayService
  pod: V1Pod
  listens: number
  listeners: EnvoyListener[]
  held: Map<string, Endpoint[]>
  told: EnvoyCluster[]
}

/** A server name that a gateway’s pod passes on, and a healthy endpoint that it has behind it. */
export type PassedName = { from: Vantage; serverName: string; endpoint: Endpoint }

/** What is wrong with one pod of a gateway, and what mends it. */
export type PodProblem = { cause?: string; evidence: string[]; fix: string }

/** The name of such a pod. */
export const podName = ({ pod }: Pick<GatewayPod, 'pod'>): string => pod.metadata?.name ?? ''
