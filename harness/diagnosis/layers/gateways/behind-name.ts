import { filtersInWords } from '#diagnosis/envoy-filters.ts'
import { istioctl, kubectl, servedBy } from '#diagnosis/layer.ts'
import { whyMissing } from '#diagnosis/layers/endpoints/missing.ts'
import { policyFindings } from '#diagnosis/layers/endpoints/policies.ts'
import { makerOf } from '#diagnosis/layers/obstacles.ts'
import type { MeshService } from '#diagnosis/shared-services.ts'
import { obstacleIn } from '#diagnosis/told-clusters.ts'
import { proxyOf, variableOf } from '#istio/proxy-container.ts'
import type { Endpoint } from '#probes/envoy.ts'
import { serverNamesAt } from '#probes/envoy-listeners.ts'
import type { Survey } from '#probes/survey/survey.ts'
import { podName, type GatewayPod, type PodProblem } from './gateway-pod.ts'

/** How many services are named. */
const shown = 5

/** Envoy’s name of what stands behind a server name: outbound_.PORT_.SUBSET_.HOST. */
const isFor = (cluster: string, { host }: MeshService): boolean =>
  cluster.startsWith('outbound_.') && cluster.endsWith(`_._.${host}`)

/**
 * Names that a gateway’s pod passes on, and behind which it has nothing that it could send to: it sees another
 * network than its own, or every endpoint is unhealthy.
 */
export const behindName = async (
  mesh: Survey,
  gatewayPod: GatewayPod,
  behind: MeshService[],
): Promise<PodProblem | undefined> => {
  const { gateway, pod, held, told, listeners, listens } = gatewayPod
  const { network, name } = gateway.cluster
  const view = variableOf(proxyOf(pod), 'ISTIO_META_REQUESTED_NETWORK_VIEW') ?? ''
  const viewed = view.split(',').map((part) => part.trim())
  const fix = istioctl(
    gateway.cluster,
    `-n ${pod.metadata?.namespace ?? ''} proxy-config endpoints ${podName(gatewayPod)} | grep outbound_`,
  )
  if (view !== '' && !viewed.includes(network))
    return {
      cause: 'a gateway is told to see another network than its own, so it has nobody to pass requests on to',
      evidence: [
        `${podName(gatewayPod)} runs with ISTIO_META_REQUESTED_NETWORK_VIEW=${view}, and ${name} is on ${network}`,
      ],
      fix: kubectl(
        gateway.cluster,
        `-n ${pod.metadata?.namespace ?? ''} get pod ${podName(gatewayPod)} -o yaml | grep -A1 NETWORK_VIEW`,
      ),
    }
  const reader = servedBy(mesh, gateway.cluster) ?? gateway.cluster
  const obstacles = await Promise.all(
    told.map(async (cluster) => {
      const service = behind.find((candidate) => isFor(cluster.name, candidate))
      // Servers are near: what is too short for another cluster may suffice.
      const obstacle = service && obstacleIn(cluster, { shortest: 0 })
      if (!obstacle) return []
      const { kind } = await makerOf(reader, pod, service.host, cluster, obstacle)
      return [{ name: cluster.name, line: obstacle.line, isOwn: kind === 'filter' || kind === 'unknown' }]
    }),
  )
  const broken = obstacles.flat().filter(({ isOwn }) => isOwn)
  // What clients are told as well is named with the clients.
  const ofClients = new Set(obstacles.flat().flatMap((obstacle) => (obstacle.isOwn ? [] : obstacle.name)))
  const lost = serverNamesAt(listeners, listens).filter(
    (serverName) => behind.some((service) => isFor(serverName, service)) && !held.has(serverName),
  )
  const lines = [
    ...broken.map((obstacle) => `${podName(gatewayPod)}, ${obstacle.name}: ${obstacle.line}`),
    ...lost.map((serverName) => `${podName(gatewayPod)} passes ${serverName} on and has no cluster of this name`),
  ]
  if (lines.length > 0)
    return {
      cause: 'a gateway cannot reach the servers behind a service’s name as it was told to',
      evidence: [...lines.slice(0, shown), ...(await filtersInWords(reader, pod))],
      fix: kubectl(reader, 'get envoyfilters -A -o yaml   # context: GATEWAY'),
    }
  const perService = behind.map((service) => ({
    service,
    clusters: [...held.entries()].filter(([cluster]) => isFor(cluster, service)),
  }))
  const sick = perService.flatMap(({ clusters }) => clusters.filter(([, endpoints]) => allUnhealthy(endpoints)))
  if (sick.length > 0)
    return {
      cause: 'a gateway takes every endpoint behind a service’s name for unhealthy',
      evidence: sick
        .slice(0, shown)
        .map(([cluster, endpoints]) => `${podName(gatewayPod)}, ${cluster}: ${endpoints.map(inWords).join(', ')}`),
      fix,
    }
  const empty = perService.filter(
    ({ clusters }) => clusters.length > 0 && clusters.every(([, endpoints]) => endpoints.length === 0),
  )
  const client = mesh.clusters.find((cluster) => cluster.network !== network)
  const unexplained = await Promise.all(
    empty.map(async ({ service, clusters }) => {
      // What takes the endpoints from clients as well is named with the clients.
      const clientNamespace = service.namespace
      const why = client && (await whyMissing(mesh, { client, clientNamespace, service, unknown: [gateway.cluster] }))
      const inPlaintext = (await policyFindings(mesh, [service])).some(({ code }) => code === 'MP-896')
      const left = clusters.map(([cluster]) => cluster).filter((cluster) => !ofClients.has(cluster))
      return why || inPlaintext ? [] : left
    }),
  )
  if (unexplained.flat().length === 0) return undefined
  return {
    cause: 'a gateway passes a service’s name on and has no endpoint behind it',
    evidence: unexplained
      .flat()
      .slice(0, shown)
      .map((cluster) => `${podName(gatewayPod)} has no endpoint in ${cluster}, and pods of it are ready on ${network}`),
    fix,
  }
}

const allUnhealthy = (endpoints: Endpoint[]): boolean =>
  endpoints.length > 0 && endpoints.every(({ unhealthy }) => unhealthy !== undefined)

const inWords = ({ address, port, unhealthy }: Endpoint): string => `${address}:${port} ${unhealthy ?? 'healthy'}`
