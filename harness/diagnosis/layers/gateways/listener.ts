import {
  betweenNetworks,
  coversHost,
  forOthers,
  gatewayServersAt,
  gatewaysOfOthers,
  inWords,
  isFor,
  servicesBefore,
  showServer,
  unreadGateways,
  type GatewayServer,
} from '#diagnosis/gateway-objects.ts'
import { kubectl, servedBy } from '#diagnosis/layer.ts'
import type { MeshService } from '#diagnosis/shared-services.ts'
import { serverNamesAt, type EnvoyListener } from '#probes/envoy-listeners.ts'
import { meshConfigOf } from '#probes/survey/mesh-config.ts'
import type { Survey, SurveyedCluster } from '#probes/survey/survey.ts'
import { podName, type GatewayPod, type PodProblem } from './gateway-pod.ts'

/** How many of several things are named. */
const shown = 5

/** What is wrong with the listener of a gateway’s pod on the port between networks; undefined where nothing is. */
export const listenerProblem = async (
  mesh: Survey,
  gatewayPod: GatewayPod,
  behind: MeshService[],
): Promise<PodProblem | undefined> => {
  const { gateway, listens, listeners } = gatewayPod
  const listener = listeners.find(({ port }) => port === listens)
  const names = serverNamesAt(listeners, listens)
  const missing = behind.filter(({ host }) => !names.some((name) => name.endsWith(`_.${host}`)))
  if (listener && !listener.proxyProtocol && missing.length === 0) return undefined
  // A mesh without a service that clusters share needs no listener.
  if (!listener && behind.length === 0) return undefined
  const reader = servedBy(mesh, gateway.cluster) ?? gateway.cluster
  const [servers, others] = await Promise.all([
    gatewayServersAt(reader, gateway.port),
    servicesBefore(gateway.cluster, gatewayPod.pod),
  ])
  const context: Context = {
    ...gatewayPod,
    reader,
    servers,
    own: servers.filter((server) => isFor(server, gatewayPod.pod, [gateway.service, ...others])),
  }
  if (!listener) return noListener(context, await unreadGateways(reader), await gatewaysOfOthers(reader, gateway.port))
  if (listener.proxyProtocol) return expectsProxyHeader(context)
  if (!names.some((name) => name.startsWith('outbound_.'))) return otherMode(context, listener)
  const byDefault = (await meshConfigOf(reader.reads)).defaultServiceExportTo?.join(',')
  return namesMissing(context, names.length, { missing, byDefault })
}

type Context = GatewayPod & {
  reader: SurveyedCluster
  /** The servers of the port in all Gateways, and those that are for the pod. */
  servers: GatewayServer[]
  own: GatewayServer[]
}

const showGateways = ({ reader, own, servers }: Context): string => {
  const [server] = own.length > 0 ? own : servers
  return server ? showServer(reader, server) : kubectl(reader, 'get gateways.networking.istio.io -A')
}

/** A listener of the Gateway API that waits for routes: istiod makes none of it while there are none. */
const isPlainListener = ({ resource, mode }: GatewayServer): boolean =>
  resource !== 'gateways.networking.istio.io' && mode === 'PASSTHROUGH'

const noListener = (context: Context, unread: string | undefined, ofOthers: string[]): PodProblem => {
  const { gateway, listens, listeners, own, servers } = context
  const withoutListener = `${podName(context)} has no listener on port ${listens}`
  const refused = listeners.find(({ name, refused: why }) => why !== undefined && name.endsWith(`_${listens}`))?.refused
  if (refused)
    return {
      cause: `Envoy refuses the listener that a gateway is to have on port ${gateway.port}`,
      evidence: [
        `${withoutListener}: it refused it at ${refused.at}: ${refused.said.slice(0, 400)}`,
        ...own.map((server) => `${inWords(server)} claims the port`),
      ],
      fix: showGateways(context),
    }
  const others = servers.filter((server) => !own.includes(server))
  const plain = own.filter(isPlainListener)
  if (plain.length > 0 && plain.length === own.length)
    return {
      cause: `a Gateway’s listener on port ${gateway.port} lacks auto-passthrough, and no route leads on from it`,
      evidence: [
        withoutListener,
        ...plain.map((server) => `${inWords(server)} asks for it; ${betweenNetworks(server)}`),
      ],
      fix: showGateways(context),
    }
  return {
    cause:
      own.length > 0
        ? `a gateway has no listener on port ${gateway.port}, although a Gateway asks for one`
        : unread !== undefined
          ? `a gateway has no listener on port ${gateway.port}`
          : ofOthers.length > 0
            ? `the Gateway that opens port ${gateway.port} is for control planes of another revision`
            : `no Gateway opens port ${gateway.port} of a gateway`,
    evidence: [
      withoutListener,
      ...own.map(
        (server) =>
          `${inWords(server)} asks for it` +
          (server.refused === undefined ? '' : `; its status says that ${server.refused}`),
      ),
      ...ofOthers.slice(0, shown),
      ...others.slice(0, shown).map((server) => forOthers(server, 'which the pod does not have')),
      ...(unread === undefined ? [] : [unread]),
      ...(servers.length === 0
        ? [`no Gateway that istiod of ${context.reader.name} reads has port ${gateway.port}`]
        : []),
    ],
    fix: showGateways(context),
  }
}

const expectsProxyHeader = ({ gateway, pod, listens }: Context): PodProblem => {
  const { namespace = '' } = pod.metadata ?? {}
  const setting = pod.metadata?.annotations?.['proxy.istio.io/config']
  return {
    cause: `a gateway’s port ${gateway.port} is open and expects the PROXY protocol, so it does not understand TLS`,
    evidence: [
      `the listener of ${podName({ pod })} on port ${listens} has the filter proxy_protocol: it closes every ` +
        'connection that does not begin with a PROXY header, and sidecars send none',
      setting?.includes('roxyProtocol')
        ? `the pod is annotated proxy.istio.io/config: ${setting.replaceAll(/\s+/g, ' ').slice(0, 200)}`
        : 'gatewayTopology.proxyProtocol stands in the mesh config, or an EnvoyFilter adds the filter',
    ],
    fix: kubectl(
      gateway.cluster,
      `-n ${namespace} get pod ${podName({ pod })} -o yaml | grep -i proxyProtocol   # ` +
        'set gatewayTopology.proxyProtocol for ingress gateways alone',
    ),
  }
}

/** A listener whose filter chains have no names of services: the Gateway’s TLS mode is another. */
const otherMode = (context: Context, { chains }: EnvoyListener): PodProblem => {
  const { gateway, listens, own } = context
  const ends = chains.some(({ endsTls }) => endsTls)
  return {
    cause: ends
      ? `a gateway ends TLS on port ${gateway.port} itself instead of passing it on`
      : `a gateway has no filter chains for the mesh’s services on port ${gateway.port}`,
    evidence: [
      `the listener of ${podName(context)} on port ${listens} has ${chains.length} filter chains, none for a service ` +
        'of the mesh',
      ...own.map((server) => `${inWords(server)} makes it; ${betweenNetworks(server)}`),
    ],
    fix: showGateways(context),
  }
}

/** `byDefault` is to whom the mesh config exports services that do not say it themselves. */
const namesMissing = (
  context: Context,
  count: number,
  { missing, byDefault }: { missing: MeshService[]; byDefault: string | undefined },
): PodProblem => {
  const { gateway, own, pod } = context
  const left = missing.slice(0, shown).map(({ host }) => host)
  const more = missing.length > shown ? ` and ${missing.length - shown} more` : ''
  const namespace = pod.metadata?.namespace ?? ''
  const hidden = missing.flatMap((service) => hiddenFrom(service, namespace, byDefault))
  const isDefault = hidden.some((line) => line.startsWith('defaultServiceExportTo'))
  const narrow = own.filter(({ hosts }) =>
    missing.some(({ host }) => !hosts.some((pattern) => coversHost(pattern, host))),
  )
  return {
    ...(narrow.length > 0 && hidden.length === 0
      ? { cause: 'the hosts of a Gateway leave services of the mesh out' }
      : {}),
    ...(hidden.length > 0 ? { cause: 'services are not exported to the namespace of the gateway' } : {}),
    evidence: [
      `its proxy passes on ${count} names at ${gateway.port}, and not ${left.join(', ')}${more}`,
      ...hidden.slice(0, shown),
      ...own.map(inWords),
    ],
    fix: isDefault ? editMeshConfig(context) : showGateways(context),
  }
}

const editMeshConfig = ({ reader }: Context): string =>
  kubectl(reader, `-n ${reader.istioNamespace} edit configmap istio   # defaultServiceExportTo`)

const hiddenFrom = (
  { namespace, name, perCluster }: MeshService,
  gatewayNamespace: string,
  byDefault: string | undefined,
): string[] =>
  perCluster
    .flatMap(({ cluster, service }) => {
      const own = service?.metadata?.annotations?.['networking.istio.io/exportTo']
      const exportTo = own ?? (service ? byDefault : undefined)
      return exportTo === undefined
        ? []
        : [{ cluster, exportTo, own, parts: exportTo.split(',').map((part) => part.trim()) }]
    })
    .filter(
      ({ parts }) =>
        !parts.includes('*') &&
        !parts.includes(gatewayNamespace) &&
        !(parts.includes('.') && namespace === gatewayNamespace),
    )
    .slice(0, 1)
    .map(({ cluster, exportTo, own }) => {
      const service = `service ${namespace}/${name} of ${cluster.name}`
      return own === undefined
        ? `defaultServiceExportTo of the mesh config is ${exportTo}, and ${service} says nothing else: that leaves ` +
            `${gatewayNamespace} out`
        : `${service} is annotated networking.istio.io/exportTo: ${exportTo}, which leaves ${gatewayNamespace} out`
    })
