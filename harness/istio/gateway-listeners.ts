import { z } from 'zod'
import type { Manifest } from '#kube/client.ts'

// What istiod reads in a Gateway of the Gateway API.

const Listener = z.looseObject({
  name: z.string().default(''),
  port: z.number(),
  hostname: z.string().optional(),
  tls: z.looseObject({ mode: z.string().optional(), options: z.record(z.string(), z.string()).optional() }).optional(),
})

/** A listener of a Gateway. */
export type GatewayListener = z.infer<typeof Listener>

const Spec = z.looseObject({ gatewayClassName: z.string().default(''), listeners: z.array(Listener).default([]) })

/** The listeners of a Gateway; none where it has none that can be read. */
export const listenersIn = ({ spec }: Manifest): GatewayListener[] => Spec.safeParse(spec).data?.listeners ?? []

/** The class of a Gateway. */
export const classOf = ({ spec }: Manifest): string => Spec.safeParse(spec).data?.gatewayClassName ?? ''

/** The name of the service and the deployment that istiod makes for a Gateway. */
export const serviceNameOf = (gateway: Manifest): string =>
  gateway.metadata?.annotations?.['gateway.istio.io/name-override'] ??
  `${gateway.metadata?.name ?? ''}-${classOf(gateway)}`

/**
 * Whether a listener passes every service on by its server name: its option says so, or its Gateway has the label of a
 * network and the listener that network’s port.
 */
export const isAutoPassthrough = ({ metadata }: Manifest, { port, tls }: GatewayListener): boolean => {
  if (tls === undefined) return false
  if (tls.options?.['gateway.istio.io/listener-protocol'] === 'auto-passthrough') return true
  const { labels = {} } = metadata ?? {}
  if (labels['topology.istio.io/network'] === undefined) return false
  return String(port) === (labels['networking.istio.io/gatewayPort'] ?? '15443')
}
