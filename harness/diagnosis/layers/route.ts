import pMap from 'p-map'
import { clientPlace, clientsOf, type Client, type Unread, unreadNotes } from '#diagnosis/clients.ts'
import { filtersInWords } from '#diagnosis/envoy-filters.ts'
import { istioctl, kubectl, servedBy, type Finding, type Layer } from '#diagnosis/layer.ts'
import { onceEach } from '#diagnosis/once-each.ts'
import { sharedServices, type MeshService } from '#diagnosis/shared-services.ts'
import { tooShort } from '#diagnosis/told-clusters.ts'
import { clustersOf, type Endpoint } from '#probes/envoy.ts'
import { listenersOf } from '#probes/envoy-listeners.ts'
import { routesOf, type EnvoyRoute, type VirtualHost } from '#probes/envoy-routes.ts'
import { toldClustersOf } from '#probes/envoy-clusters.ts'
import type { Survey } from '#probes/survey/survey.ts'
import { notTaken, type Outgoing } from './not-taken.ts'
import { obstructed } from './obstacles.ts'

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
    const rewriting = new Set<string>()
    const perClient = await pMap(
      clients,
      async (client) => {
        try {
          const looked = await routedWrongly(mesh, client, services)
          for (const maker of looked.rewriting) rewriting.add(maker)
          return looked.findings
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
      notes: [
        ...(rewriting.size > 0
          ? [`${[...rewriting].join(', ')}: paths are rewritten, and what servers answer then was not asked`]
          : []),
        ...unreadNotes('routes', clients.length, unread),
      ],
    }
  },
}

/** What is wrong with a client’s routes for services, and the objects that rewrite paths. */
const routedWrongly = async (
  mesh: Survey,
  client: Client,
  services: MeshService[],
): Promise<{ findings: Finding[]; rewriting: string[] }> => {
  const proxy = { kube: client.cluster.kube, namespace: client.namespace, pod: client.pod }
  const reader = servedBy(mesh, client.cluster)
  const [virtualHosts, clusters, told, listeners, rules] = await Promise.all([
    routesOf(proxy),
    clustersOf(proxy),
    toldClustersOf(proxy),
    listenersOf(proxy),
    reader?.reads.istio('VirtualService') ?? [],
  ])
  const present = new Set(
    rules.map(({ metadata }) => `VirtualService ${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`),
  )
  const own = services.flatMap((service) => hostsOf(virtualHosts, service).flatMap(({ routes }) => routes))
  const used = new Set(own.flatMap((taken) => taken.clusters.map(({ name }) => name)))
  return {
    findings: [
      ...(await withFilters(mesh, client, [
        ...judgeRoutes(mesh, client, services, { virtualHosts, clusters, present }),
        ...services.flatMap((service) => passedBy(mesh, client, service, { clusters, listeners, virtualHosts })),
      ])),
      ...(await obstructed(mesh, client, services, told, used)),
    ],
    rewriting: own.filter(({ rewrites, madeBy }) => rewrites && present.has(madeBy)).map(({ madeBy }) => madeBy),
  }
}

/**
 * What is wrong with the routes that a client’s proxy has for services: its virtual hosts, the endpoints it holds,
 * and the VirtualServices that are `present` (`VirtualService app1/canary`).
 */
export const judgeRoutes = (
  mesh: Survey,
  client: Client,
  services: MeshService[],
  {
    virtualHosts,
    clusters,
    present,
  }: { virtualHosts: VirtualHost[]; clusters: ReadonlyMap<string, Endpoint[]>; present: ReadonlySet<string> },
): Finding[] => {
  // A route whose object is gone is one that the proxy has not been told of yet: a matter of live sync.
  const isOld = ({ madeBy }: EnvoyRoute): boolean => madeBy.startsWith('VirtualService ') && !present.has(madeBy)
  return services.flatMap((service) =>
    hostsOf(virtualHosts, service).flatMap(({ routes }) => {
      const taken = routes.filter((candidate) => !isOld(candidate))
      return [
        ...taken.flatMap((candidate) => wrongRoute(mesh, client, service, candidate, clusters).slice(0, 1)),
        ...partial(mesh, client, service, taken),
      ]
    }),
  )
}

/** A client whose proxy does not take its requests for a service, although it knows the service. */
const passedBy = (mesh: Survey, client: Client, service: MeshService, outgoing: Outgoing): Finding[] => {
  const lines = notTaken(client, service, outgoing)
  if (lines.length === 0) return []
  return [
    {
      code: 'MP-997',
      cause: 'a client’s proxy knows the servers of a service and takes no requests for it',
      where: `${service.host} for clients of ${client.cluster.name}`,
      evidence: [
        ...lines,
        'such requests go to the address of the service in plaintext, past mutual TLS and other networks',
        `seen in the proxy of ${clientPlace(client)}`,
      ],
      fix: kubectl(
        servedBy(mesh, client.cluster) ?? client.cluster,
        'get envoyfilters,sidecars.networking.istio.io -A -o yaml',
      ),
      clusters: [client.cluster.name],
    },
  ]
}

/** Findings about what a proxy lacks or answers, with the EnvoyFilters that may have changed it. */
const withFilters = async (mesh: Survey, client: Client, findings: Finding[]): Promise<Finding[]> => {
  const patched = new Set<Finding['code']>(['MP-991', 'MP-994', 'MP-995', 'MP-997'])
  if (!findings.some(({ code }) => patched.has(code))) return findings
  const pods = await client.cluster.reads.podsIn(client.namespace)
  const filters = await filtersInWords(
    servedBy(mesh, client.cluster) ?? client.cluster,
    pods.find(({ metadata }) => metadata?.name === client.pod),
  )
  return findings.map((finding) =>
    patched.has(finding.code) ? { ...finding, evidence: [...finding.evidence, ...filters] } : finding,
  )
}

/** Routes of rules that leave some requests without a route. */
const partial = (mesh: Survey, client: Client, { host }: MeshService, routes: EnvoyRoute[]): Finding[] => {
  const maker = routes.find(({ madeBy }) => madeBy !== '')?.madeBy
  if (maker === undefined || routes.some(({ takesAll }) => takesAll)) return []
  return [
    {
      code: 'MP-681',
      where: `${maker} for ${host}`,
      evidence: [
        `every route of ${maker} has a match, and what none of them takes gets 404`,
        `seen in the routes of ${clientPlace(client)}`,
      ],
      fix: showObject(mesh, client, maker),
      clusters: [client.cluster.name],
    },
  ]
}

const portsIn = ({ perCluster }: MeshService): Set<number> =>
  new Set(perCluster.flatMap(({ service }) => (service?.spec?.ports ?? []).map(({ port }) => port)))

/** The virtual hosts of a service, at its ports: a rule without a port stands at those of other services as well. */
const hostsOf = (virtualHosts: VirtualHost[], service: MeshService): VirtualHost[] => {
  const { host } = service
  const ports = portsIn(service)
  return virtualHosts.filter(
    ({ port, domains }) =>
      (port === undefined || ports.has(port)) &&
      domains.some((domain) => domain === host || domain.startsWith(`${host}:`)),
  )
}

const wrongRoute = (
  mesh: Survey,
  client: Client,
  service: MeshService,
  taken: EnvoyRoute,
  known: ReadonlyMap<string, Endpoint[]>,
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
  const empty = taken.clusters.filter(
    ({ name }) => name.startsWith('outbound|') && subsetIn(name) !== '' && known.get(name)?.length === 0,
  )
  const inService = [...known].some(([name, held]) => hostIn(name) === service.host && held.length > 0)
  const share = taken.takesAll ? 'every request' : 'requests that match'
  return [
    ...(lost.length > 0
      ? [
          finding(
            'MP-991',
            lost.map(({ name, weight }) => lostLine(maker, name, weight, service)),
          ),
        ]
      : []),
    ...(taken.aborts > 0
      ? [finding(taken.takesAll ? 'MP-992' : 'MP-683', [`${maker} aborts ${taken.aborts} of 100 of ${share}`])]
      : []),
    ...(taken.delays > 0
      ? [finding(taken.takesAll ? 'MP-993' : 'MP-683', [`${maker} delays ${taken.delays} of 100 of ${share}`])]
      : []),
    ...(taken.takesAll && inService && empty.length > 0
      ? [
          finding('MP-999', [
            `${maker} sends every request to subset ${empty.map(({ name }) => subsetIn(name)).join(', ')}`,
          ]),
        ]
      : []),
    ...(taken.timeout !== undefined && taken.timeout <= tooShort
      ? [finding('MP-998', [`${maker} gives ${share} ${taken.timeout} ms`])]
      : []),
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

const subsetIn = (cluster: string): string => cluster.split('|')[2] ?? ''

const lostLine = (maker: string, cluster: string, weight: number, service: MeshService): string => {
  const [, port = '', subset = '', host = ''] = cluster.split('|')
  const share = weight < 100 ? `${weight} of 100 requests` : 'requests'
  if (subset !== '') return `${maker} sends ${share} to subset ${subset} of ${host}, which no DestinationRule defines`
  const why =
    host !== service.host
      ? 'which no service or ServiceEntry of its control plane defines'
      : portsIn(service).has(Number(port))
        ? 'and the client’s proxy has no such cluster of endpoints, although the service exists'
        : `and the service has no port ${port}`
  return `${maker} sends ${share} to ${host}:${port}, ${why}`
}

const showObject = (mesh: Survey, client: Client, madeBy: string): string => {
  const [kind = '', place = ''] = madeBy.split(' ')
  const [namespace = '', name = ''] = place.split('/')
  const reader = servedBy(mesh, client.cluster) ?? client.cluster
  return madeBy === ''
    ? istioctl(client.cluster, `-n ${client.namespace} proxy-config routes ${client.pod} -o json`)
    : kubectl(reader, `-n ${namespace} get ${kind.toLowerCase()} ${name} -o yaml`)
}
