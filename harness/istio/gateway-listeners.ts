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

const Parent = z.looseObject({
  parentRef: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
})

/** Whether a ListenerSet adds its listeners to a Gateway. Whether the Gateway allows that is for its status to say. */
export const addsTo = ({ metadata, spec }: Manifest, gateway: Manifest): boolean => {
  const parent = Parent.safeParse(spec).data?.parentRef
  return (
    parent?.name === gateway.metadata?.name &&
    (parent?.namespace ?? metadata?.namespace) === gateway.metadata?.namespace
  )
}

/** The class of a Gateway. */
export const classOf = ({ spec }: Manifest): string => Spec.safeParse(spec).data?.gatewayClassName ?? ''

/** Controllers by the names of their classes. */
export type Controllers = ReadonlyMap<string, string>

/** The controllers whose classes are istiod’s: whether the name of the class is in the names of what istiod makes. */
const namesClass: ReadonlyMap<string, boolean> = new Map([
  ['istio.io/gateway-controller', true],
  ['istio.io/agentgateway-controller', false],
  ['istio.io/eastwest-controller', false],
  ['istio.io/mesh-controller', false],
])

/** The class of a Gateway that stands for one elsewhere, at its addresses: istiod makes nothing for it. */
export const remoteClass = 'istio-remote'

/** The classes that istiod knows by itself, and their controllers. */
const ownClasses: Controllers = new Map([
  ['istio', 'istio.io/gateway-controller'],
  ['istio-agentgateway', 'istio.io/agentgateway-controller'],
  ['istio-east-west', 'istio.io/eastwest-controller'],
  ['istio-waypoint', 'istio.io/mesh-controller'],
  [remoteClass, 'istio.io/unmanaged-gateway'],
])

const Class = z.looseObject({ controllerName: z.string() })

/** The controllers of the classes of a cluster. */
export const controllersIn = (classes: readonly Manifest[]): Controllers =>
  new Map(
    classes.flatMap(({ metadata, spec }) => {
      const controller = Class.safeParse(spec).data?.controllerName
      return controller === undefined ? [] : [[metadata?.name ?? '', controller] as const]
    }),
  )

/** The controller of a Gateway’s class; undefined where a cluster has no such class, and istiod knows none. */
export const controllerOf = (gateway: Manifest, controllers: Controllers): string | undefined =>
  controllers.get(classOf(gateway)) ?? ownClasses.get(classOf(gateway))

/** Whether istiod makes, or configures, gateways of a controller’s classes. */
export const isIstiods = (controller: string): boolean => namesClass.has(controller)

const Addresses = z.looseObject({
  addresses: z.array(z.looseObject({ type: z.string().default('IPAddress'), value: z.string().default('') })),
})

/** Where a Gateway says that it is: names of services that exist, or the address that its own is to have. */
export const addressesOf = ({ spec }: Manifest): { type: string; value: string }[] =>
  Addresses.safeParse(spec).data?.addresses ?? []

/** Whether istiod makes the deployment and the service of a Gateway. One that names a service has those of that. */
export const isMade = (gateway: Manifest): boolean => {
  const [first, ...others] = addressesOf(gateway)
  return others.length === 0 && (first === undefined || first.type === 'IPAddress')
}

/** The labels of what istiod makes for a Gateway: those of the Gateway, unless its infrastructure names some. */
export const handedOn = ({ metadata, spec }: Manifest): Readonly<Record<string, string>> =>
  Infrastructure.safeParse(spec).data?.infrastructure?.labels ?? metadata?.labels ?? {}

const Infrastructure = z.looseObject({
  infrastructure: z.looseObject({ labels: z.record(z.string(), z.string()).optional() }).optional(),
})

/** The name of the service and the deployment that istiod makes for a Gateway. */
export const serviceNameOf = (gateway: Manifest, controllers: Controllers = new Map()): string => {
  const { name = '', annotations } = gateway.metadata ?? {}
  const hasSuffix = namesClass.get(controllerOf(gateway, controllers) ?? '') ?? true
  return annotations?.['gateway.istio.io/name-override'] ?? (hasSuffix ? `${name}-${classOf(gateway)}` : name)
}

/**
 * The names of the services whose pods a Gateway configures, all in its own namespace: istiod leaves those of other
 * namespaces out.
 */
export const servicesOf = (gateway: Manifest, controllers: Controllers): string[] =>
  isMade(gateway)
    ? [serviceNameOf(gateway, controllers)]
    : addressesOf(gateway).flatMap(({ type, value }) => {
        if (type !== 'Hostname') return []
        const [name = '', namespace, word] = value.split('.')
        return namespace === undefined || (namespace === gateway.metadata?.namespace && word === 'svc') ? [name] : []
      })

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
