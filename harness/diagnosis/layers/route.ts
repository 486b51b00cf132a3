import pMap from 'p-map'
import { clientPlace, clientsOf, type Client, type Unread, unreadNotes } from '#diagnosis/clients.ts'
import { istioctl, kubectl, servedBy, type Finding, type Layer } from '#diagnosis/layer.ts'
import { onceEach } from '#diagnosis/once-each.ts'
import { sharedServices, type MeshService } from '#diagnosis/shared-services.ts'
import { clustersOf } from '#probes/envoy.ts'
import { routesOf, type EnvoyRoute, type VirtualHost } from '#probes/envoy-routes.ts'
import type { Survey } from '#probes/survey/survey.ts'

/**
 * The routes that clients’ proxies have for shared services lead to clusters that exist, without faults on the way:
 * Envoy names the object that made each of them (istio/istio#6335).
 */
export const route: Layer = {
  name: 'route',
  look: async (mesh) => {
    const services = await sharedServices(mesh)
    const clients = services.length === 0 ? [] : await clientsOf(mesh)
    const unread: Unread[] = []
    const perClient = await pMap(
      clients,
      async (client) => {
        try {
          return await routedWrongly(mesh, client, services)
        } catch (error) {
          unread.push({ client, error })
          return []
        }
      },
      { concurrency: 4 },
    )
    return {
      findings: onceEach(perClient.flat()),
      seen:
        clients.length === 0
          ? 'no client to ask'
          : `routes of ${clients.length - unread.length} clients lead to what they know`,
      notes: unreadNotes('routes', clients.length, unread),
    }
  },
}

const routedWrongly = async (mesh: Survey, client: Client, services: MeshService[]): Promise<Finding[]> => {
  const proxy = { kube: client.cluster.kube, namespace: client.namespace, pod: client.pod }
  const reader = servedBy(mesh, client.cluster)
  const [virtualHosts, clusters, rules] = await Promise.all([
    routesOf(proxy),
    clustersOf(proxy),
    reader?.reads.istio('VirtualService') ?? [],
  ])
  const present = new Set(
    rules.map(({ metadata }) => `VirtualService ${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`),
  )
  // A route whose object is gone is one that the proxy has not been told of yet: a matter of live sync.
  const isOld = ({ madeBy }: EnvoyRoute): boolean => madeBy.startsWith('VirtualService ') && !present.has(madeBy)
  return services.flatMap((service) =>
    hostsOf(virtualHosts, service).flatMap(({ routes }) =>
      routes
        .filter((taken) => !isOld(taken))
        .flatMap((taken) => wrongRoute(mesh, client, service, taken, new Set(clusters.keys())).slice(0, 1)),
    ),
  )
}

const hostsOf = (virtualHosts: VirtualHost[], { host }: MeshService): VirtualHost[] =>
  virtualHosts.filter(({ domains }) => domains.some((domain) => domain === host || domain.startsWith(`${host}:`)))

const wrongRoute = (
  mesh: Survey,
  client: Client,
  service: MeshService,
  taken: EnvoyRoute,
  known: ReadonlySet<string>,
): Finding[] => {
  const maker = taken.madeBy === '' ? `the route of ${service.host}` : taken.madeBy
  const finding = (code: Finding['code'], evidence: string[]): Finding => ({
    code,
    where: `${maker} for ${service.host}`,
    evidence: [...evidence, `seen in the routes of ${clientPlace(client)}`],
    fix: showObject(mesh, client, taken.madeBy),
    clusters: [client.cluster.name],
  })
  const lost = taken.clusters.filter(({ name }) => name.startsWith('outbound|') && !known.has(name))
  const foreign = taken.clusters.filter(({ name }) => hostIn(name) !== undefined && hostIn(name) !== service.host)
  const share = taken.takesAll ? 'every request' : 'requests that match'
  return [
    ...(lost.length > 0
      ? [
          finding(
            'MP-991',
            lost.map(({ name, weight }) => lostLine(maker, name, weight)),
          ),
        ]
      : []),
    ...(taken.aborts > 0 ? [finding('MP-992', [`${maker} aborts ${taken.aborts} of 100 of ${share}`])] : []),
    ...(taken.delays > 0 ? [finding('MP-993', [`${maker} delays ${taken.delays} of 100 of ${share}`])] : []),
    ...(taken.answers !== undefined && taken.takesAll
      ? [finding('MP-994', [`${maker} answers every request itself, with status ${taken.answers}`])]
      : []),
    ...(taken.redirects && taken.takesAll ? [finding('MP-994', [`${maker} redirects every request`])] : []),
    ...(foreign.length > 0 && taken.takesAll
      ? [finding('MP-995', [`${maker} sends to ${foreign.map(({ name }) => hostIn(name) ?? '').join(', ')}`])]
      : []),
  ]
}

/** Envoy’s names of clusters are outbound|PORT|SUBSET|HOST. */
const hostIn = (cluster: string): string | undefined =>
  cluster.startsWith('outbound|') ? cluster.split('|')[3] : undefined

const lostLine = (maker: string, cluster: string, weight: number): string => {
  const [, port = '', subset = '', host = ''] = cluster.split('|')
  const share = weight < 100 ? `${weight} of 100 requests` : 'requests'
  return subset === ''
    ? `${maker} sends ${share} to ${host}:${port}, which no service or ServiceEntry of its control plane defines`
    : `${maker} sends ${share} to subset ${subset} of ${host}, which no DestinationRule defines`
}

const showObject = (mesh: Survey, client: Client, madeBy: string): string => {
  const [kind = '', place = ''] = madeBy.split(' ')
  const [namespace = '', name = ''] = place.split('/')
  const reader = servedBy(mesh, client.cluster) ?? client.cluster
  return madeBy === ''
    ? istioctl(client.cluster, `-n ${client.namespace} proxy-config routes ${client.pod} -o json`)
    : kubectl(reader, `-n ${namespace} get ${kind.toLowerCase()} ${name} -o yaml`)
}
