import { z } from 'zod'
import type { V1Pod, V1Service } from '@kubernetes/client-node'
import { kubectl } from '#diagnosis/layer.ts'
import { refusedListener, saidOfGateway } from './gateway-status.ts'
import { reasonOf } from '#errors.ts'
import { selects } from '#diagnosis/selects.ts'
import {
  addsTo,
  controllerOf,
  controllersIn,
  type Controllers,
  type GatewayListener,
  isAutoPassthrough,
  isIstiods,
  listenersIn,
  servicesOf,
} from '#istio/gateway-listeners.ts'
import { namesHost } from '#istio/host-pattern.ts'
import type { Manifest } from '#kube/client.ts'
import type { SurveyedCluster } from '#probes/survey/survey.ts'

const Gateway = z.object({
  selector: z.record(z.string(), z.string()).default({}),
  servers: z
    .array(
      z.object({
        port: z.object({ number: z.number() }).optional(),
        hosts: z.array(z.string()).default([]),
        tls: z.object({ mode: z.string().optional() }).optional(),
      }),
    )
    .default([]),
})

/** The kinds of objects that have servers, by kubectl’s words for them. */
const kinds = {
  'gateways.networking.istio.io': 'Gateway',
  'gateways.gateway.networking.k8s.io': 'Gateway',
  'listenersets.gateway.networking.k8s.io': 'ListenerSet',
} as const

/** A server of a Gateway: the object, which pods it is for, and what it says of one port. */
export type GatewayServer = {
  /** `Gateway namespace/name`, or the ListenerSet that adds it to one. */
  object: string
  /** Whose kind of Gateway it is, in kubectl’s words. */
  resource: keyof typeof kinds
  namespace: string
  name: string
  /** The labels of its pods; none where services say which pods these are. */
  selector: Record<string, string>
  /** The namespace of its pods, where that may be another. */
  podNamespace?: string
  /** The services of that namespace whose pods it is for, in whatever cluster; absent where its selector says it. */
  services?: string[]
  hosts: string[]
  /** Its TLS mode, in Istio’s words; empty where it names none. */
  mode: string
  /** What istiod says is wrong with it; absent where it says nothing. */
  refused?: string | undefined
  /** When the object was created (ISO 8601); empty where the API server does not say. */
  created: string
}

/** The servers of a port in all Gateways that a control plane reads: Istio’s own, and those of the Gateway API. */
export const gatewayServersAt = async (reader: SurveyedCluster, port: number): Promise<GatewayServer[]> => {
  const [ofIstio, resources, controllers, sets] = await Promise.all([
    reader.reads.istio('Gateway'),
    gatewayResources(reader),
    gatewayControllers(reader),
    listenerSets(reader),
  ])
  return [
    ...ofIstio.flatMap((object) => serversIn(object, port)),
    ...resources
      .filter((object) => {
        const controller = controllerOf(object, controllers)
        return controller === undefined || isIstiods(controller)
      })
      .flatMap((object) => [
        ...listenersAt(object, object, controllers, port),
        ...sets.filter((set) => addsTo(set, object)).flatMap((set) => listenersAt(object, set, controllers, port)),
      ]),
  ]
}

/** Gateways of the Gateway API that a control plane reads; none where they may not be read: see `unreadGateways`. */
export const gatewayResources = (reader: SurveyedCluster): Promise<Manifest[]> =>
  reader.reads.gatewayResources().catch((): Manifest[] => [])

/** Sets of more listeners for them that a control plane reads; none where they may not be read. */
export const listenerSets = (reader: SurveyedCluster): Promise<Manifest[]> =>
  reader.reads.listenerSets().catch((): Manifest[] => [])

/** Why Gateways of the Gateway API, or what adds listeners to them, are not known; undefined where they were read. */
export const unreadGateways = async ({ name, reads }: SurveyedCluster): Promise<string | undefined> => {
  const reasons = await Promise.all(
    [reads.gatewayResources(), reads.listenerSets()].map((read) => read.then(() => undefined, reasonOf)),
  )
  const reason = reasons.find((said) => said !== undefined)
  return reason && `Gateways of the Gateway API of ${name} were not all read: ${reason}`
}

/** Istio’s Gateways with a port that no control plane of the cluster reads, since they are labelled for another. */
export const gatewaysOfOthers = async ({ reads, name }: SurveyedCluster, port: number): Promise<string[]> =>
  (await reads.istioOfOthers('Gateway').catch((): Manifest[] => [])).flatMap((object) => {
    const revision = object.metadata?.labels?.['istio.io/rev'] ?? ''
    return serversIn(object, port)
      .slice(0, 1)
      .map(
        (server) =>
          `${inWords(server)} is labelled istio.io/rev=${revision}, and no control plane of ${name} is of that ` +
          'revision',
      )
  })

/** The controllers of classes of Gateways; none where these may not be read, which leaves those that istiod knows. */
export const gatewayControllers = async (reader: SurveyedCluster): Promise<Controllers> =>
  controllersIn(await reader.reads.gatewayClasses().catch((): Manifest[] => []))

const headOf = (
  { metadata }: Manifest,
  resource: GatewayServer['resource'],
): Pick<GatewayServer, 'object' | 'resource' | 'namespace' | 'name' | 'created'> => {
  const { namespace = '', name = '', creationTimestamp } = metadata ?? {}
  const created = creationTimestamp === undefined ? '' : new Date(creationTimestamp).toISOString()
  return { object: `${kinds[resource]} ${namespace}/${name}`, resource, namespace, name, created }
}

const serversIn = (object: Manifest, port: number): GatewayServer[] => {
  const { selector = {}, servers = [] } = Gateway.safeParse(object['spec']).data ?? {}
  return servers
    .filter((server) => server.port?.number === port)
    .map(({ hosts, tls }) => ({
      ...headOf(object, 'gateways.networking.istio.io'),
      selector,
      hosts,
      mode: tls?.mode ?? '',
    }))
}

/** The listeners of a port that an object gives a Gateway: the Gateway itself, or a ListenerSet. */
const listenersAt = (gateway: Manifest, object: Manifest, controllers: Controllers, port: number): GatewayServer[] =>
  listenersIn(object)
    .filter((listener) => listener.port === port)
    .map((listener) => ({
      ...headOf(
        object,
        object === gateway ? 'gateways.gateway.networking.k8s.io' : 'listenersets.gateway.networking.k8s.io',
      ),
      selector: {},
      podNamespace: gateway.metadata?.namespace ?? '',
      services: servicesOf(gateway, controllers),
      hosts: [listener.hostname ?? '*'],
      mode: modeOf(object, listener),
      refused:
        refusedListener(object, listener.name) ?? (object === gateway ? undefined : saidOfGateway(object).refused),
    }))

const modeOf = (object: Manifest, listener: GatewayListener): string => {
  if (listener.tls === undefined) return ''
  if ((listener.tls.mode ?? 'Terminate') === 'Terminate') return 'SIMPLE'
  return isAutoPassthrough(object, listener) ? 'AUTO_PASSTHROUGH' : 'PASSTHROUGH'
}

/** The command that shows the object of a server. */
export const showServer = (reader: SurveyedCluster, { resource, namespace, name }: GatewayServer): string =>
  kubectl(reader, `-n ${namespace} get ${resource} ${name} -o yaml`)

/** What a Gateway that opens the way between networks says, in the words of its kind. */
export const betweenNetworks = ({ resource }: GatewayServer): string =>
  resource === 'gateways.networking.istio.io'
    ? 'between networks the mode is AUTO_PASSTHROUGH, hosts *.local'
    : 'between networks tls.mode is Passthrough, with the option gateway.istio.io/listener-protocol: auto-passthrough'

/**
 * Whether a Gateway is for a pod: by its selector, or by the services that have the pod behind them. istiod makes the
 * pods of a Gateway of the Gateway API in its own cluster alone; in other clusters that Gateway is for the pods behind
 * a service of the same name.
 */
export const isFor = (
  { selector, services, podNamespace }: GatewayServer,
  { metadata }: V1Pod,
  behind: readonly V1Service[],
): boolean =>
  services === undefined
    ? Object.entries(selector).every(([key, value]) => metadata?.labels?.[key] === value)
    : metadata?.namespace === podNamespace && behind.some((service) => services.includes(service.metadata?.name ?? ''))

/** The services of a cluster that have a pod behind them, by their selectors. */
export const servicesBefore = async ({ reads }: SurveyedCluster, { metadata }: V1Pod): Promise<V1Service[]> =>
  (await reads.services()).filter(
    (service) => service.metadata?.namespace === metadata?.namespace && selects(service, metadata?.labels),
  )

/** A server in words: `Gateway istio-system/cross-network-gateway (AUTO_PASSTHROUGH, hosts *.local)`. */
export const inWords = ({ object, mode, hosts }: GatewayServer): string =>
  `${object} (${mode || 'no TLS mode'}, hosts ${hosts.join(', ') || 'none'})`

/** Whether a host of a Gateway names a service. A namespace may stand in front of it: `prod/*.local`. */
export const coversHost = (pattern: string, host: string): boolean =>
  namesHost(pattern.slice(pattern.indexOf('/') + 1), host)

/** Which pods a Gateway is for instead of those that lack what it selects; `lacking` says so. */
export const forOthers = (server: GatewayServer, lacking: string): string =>
  server.services === undefined
    ? `${inWords(server)} selects ${labelsIn(server)}, ${lacking}`
    : `${inWords(server)} is for the pods behind ` +
      (server.services.map((name) => `${server.podNamespace ?? ''}/${name}`).join(', ') ||
        'no service of its namespace')

const labelsIn = ({ selector }: GatewayServer): string =>
  Object.entries(selector)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ') || 'every pod'
