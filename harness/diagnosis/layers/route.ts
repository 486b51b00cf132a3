import pMap from 'p-map'
import { z } from 'zod'
import { clientPlace, clientsOf, type Client, type Unread, unreadNotes } from '#diagnosis/clients.ts'
import { istioctl, kubectl, servedBy, type Finding, type Layer } from '#diagnosis/layer.ts'
import { onceEach } from '#diagnosis/once-each.ts'
import { decidedBy } from '#diagnosis/rule-hosts.ts'
import { sharedServices, type MeshService } from '#diagnosis/shared-services.ts'
import { clustersOf, type Endpoint } from '#probes/envoy.ts'
import { routesOf, type EnvoyRoute, type VirtualHost } from '#probes/envoy-routes.ts'
import type { Survey } from '#probes/survey/survey.ts'
import { primariesOf } from '#topology/roles.ts'

/** The longest time, in milliseconds, in which no answer of another cluster can be expected. */
const tooShort = 10

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
      findings: [...(await impatientRules(mesh, services)), ...onceEach(perClient.flat())],
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

const ConnectionPool = z.object({
  trafficPolicy: z.object({
    connectionPool: z.object({ tcp: z.object({ connectTimeout: z.string() }) }),
  }),
})

/** DestinationRules that give a connection to another cluster too little time. */
const impatientRules = async (mesh: Survey, services: MeshService[]): Promise<Finding[]> => {
  const perPrimary = await Promise.all(
    primariesOf(mesh).map(async (primary) => {
      const rules = await primary.reads.istio('DestinationRule')
      return rules.flatMap((rule): Finding[] => {
        const text = ConnectionPool.safeParse(rule['spec']).data?.trafficPolicy.connectionPool.tcp.connectTimeout
        const [service] = decidedBy(rule, rules, services)
        if (text === undefined || !service || millisecondsIn(text) > tooShort) return []
        const { namespace = '', name = '' } = rule.metadata ?? {}
        return [
          {
            code: 'MP-998',
            where: `DestinationRule ${namespace}/${name} for ${service.host}`,
            evidence: [`DestinationRule ${namespace}/${name} sets connectTimeout ${text}`],
            fix: kubectl(primary, `-n ${namespace} get destinationrule ${name} -o yaml`),
          },
        ]
      })
    }),
  )
  return perPrimary.flat()
}

/** A duration as users write it: `1ms`, `0.5s`. One that cannot be read counts as long. */
const millisecondsIn = (text: string): number => {
  const [, number, unit] = /^([\d.]+)(ms|s)$/.exec(text) ?? []
  return number === undefined ? Infinity : Number(number) * (unit === 's' ? 1000 : 1)
}

/** What is wrong with a client’s routes for services, and the objects that rewrite paths. */
const routedWrongly = async (
  mesh: Survey,
  client: Client,
  services: MeshService[],
): Promise<{ findings: Finding[]; rewriting: string[] }> => {
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
  const own = services.flatMap((service) => hostsOf(virtualHosts, service).flatMap(({ routes }) => routes))
  return {
    findings: judgeRoutes(mesh, client, services, { virtualHosts, clusters, present }),
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

/** The virtual hosts of a service, at its ports: a rule without a port stands at those of other services as well. */
const hostsOf = (virtualHosts: VirtualHost[], { host, perCluster }: MeshService): VirtualHost[] => {
  const ports = new Set(perCluster.flatMap(({ service }) => (service?.spec?.ports ?? []).map(({ port }) => port)))
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
            lost.map(({ name, weight }) => lostLine(maker, name, weight)),
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
