import { z } from 'zod'
import type { V1Pod, V1Service } from '@kubernetes/client-node'
import { kubectl } from '#diagnosis/layer.ts'
import { refusedListener } from './gateway-status.ts'
import { selects } from '#diagnosis/selects.ts'
import {
  controllerOf,
  controllersIn,
  type Controllers,
  type GatewayListener,
  isAutoPassthrough,
  isIstiods,
  listenersIn,
  servicesOf,
} from '#istio/gateway-listeners.ts'
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

/** A server of a Gateway: the object, which pods it is for, and what it says of one port. */
export type GatewayServer = {
  /** `Gateway namespace/name`. */
  object: string
  /** Whose kind of Gateway it is, in kubectl’s words. */
  resource: 'gateways.networking.istio.io' | 'gateways.gateway.networking.k8s.io'
  namespace: string
  name: string
  /** The labels of its pods; none where services say which pods these are. */
  selector: Record<string, string>
  /** The services of its namespace whose pods it is for, in whatever cluster; absent where its selector says it. */
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
  const [ofIstio, resources, controllers] = await Promise.all([
    reader.reads.istio('Gateway'),
    gatewayResources(reader),
    gatewayControllers(reader),
  ])
  return [
    ...ofIstio.flatMap((object) => serversIn(object, port)),
    ...resources
      .filter((object) => {
        const controller = controllerOf(object, controllers)
        return controller === undefined || isIstiods(controller)
      })
      .flatMap((object) => listenersAt(object, controllers, port)),
  ]
}

/** Gateways of the Gateway API that a control plane reads; none where they may not be read. */
export const gatewayResources = (reader: SurveyedCluster): Promise<Manifest[]> =>
  reader.reads.gatewayResources().catch((): Manifest[] => [])

/** The controllers of classes of Gateways; none where these may not be read, which leaves those that istiod knows. */
export const gatewayControllers = async (reader: SurveyedCluster): Promise<Controllers> =>
  controllersIn(await reader.reads.gatewayClasses().catch((): Manifest[] => []))

const headOf = ({ metadata }: Manifest): Pick<GatewayServer, 'object' | 'namespace' | 'name' | 'created'> => {
  const { namespace = '', name = '', creationTimestamp } = metadata ?? {}
  const created = creationTimestamp === undefined ? '' : new Date(creationTimestamp).toISOString()
  return { object: `Gateway ${namespace}/${name}`, namespace, name, created }
}

const serversIn = (object: Manifest, port: number): GatewayServer[] => {
  const { selector = {}, servers = [] } = Gateway.safeParse(object['spec']).data ?? {}
  return servers
    .filter((server) => server.port?.number === port)
    .map(({ hosts, tls }) => ({
      ...headOf(object),
      resource: 'gateways.networking.istio.io' as const,
      selector,
      hosts,
      mode: tls?.mode ?? '',
    }))
}

const listenersAt = (object: Manifest, controllers: Controllers, port: number): GatewayServer[] =>
  listenersIn(object)
    .filter((listener) => listener.port === port)
    .map((listener) => ({
      ...headOf(object),
      resource: 'gateways.gateway.networking.k8s.io' as const,
      selector: {},
      services: servicesOf(object, controllers),
      hosts: [listener.hostname ?? '*'],
      mode: modeOf(object, listener),
      refused: refusedListener(object, listener.name),
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
  { selector, services, namespace }: GatewayServer,
  { metadata }: V1Pod,
  behind: readonly V1Service[],
): boolean =>
  services === undefined
    ? Object.entries(selector).every(([key, value]) => metadata?.labels?.[key] === value)
    : metadata?.namespace === namespace && behind.some((service) => services.includes(service.metadata?.name ?? ''))

/** The services of a cluster that have a pod behind them, by their selectors. */
export const servicesBefore = async ({ reads }: SurveyedCluster, { metadata }: V1Pod): Promise<V1Service[]> =>
  (await reads.services()).filter(
    (service) => service.metadata?.namespace === metadata?.namespace && selects(service, metadata?.labels),
  )

/** A server in words: `Gateway istio-system/cross-network-gateway (AUTO_PASSTHROUGH, hosts *.local)`. */
export const inWords = ({ object, mode, hosts }: GatewayServer): string =>
  `${object} (${mode || 'no TLS mode'}, hosts ${hosts.join(', ') || 'none'})`

/** Which pods a Gateway is for instead of those that lack what it selects; `lacking` says so. */
export const forOthers = (server: GatewayServer, lacking: string): string =>
  server.services === undefined
    ? `${inWords(server)} selects ${labelsIn(server)}, ${lacking}`
    : `${inWords(server)} is for the pods behind ` +
      (server.services.map((name) => `${server.namespace}/${name}`).join(', ') || 'no service of its namespace')

const labelsIn = ({ selector }: GatewayServer): string =>
  Object.entries(selector)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ') || 'every pod'
