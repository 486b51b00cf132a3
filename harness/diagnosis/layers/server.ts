import type { V1IPBlock, V1NetworkPolicy, V1Pod } from '@kubernetes/client-node'
import ipaddr from 'ipaddr.js'
import pMap from 'p-map'
import { reasonOf } from '#errors.ts'
import { addressesBehind, portBehind } from '#diagnosis/addresses.ts'
import { fits, policiesFor, type Asking } from '#diagnosis/authorization.ts'
import { clientsOf } from '#diagnosis/clients.ts'
import { matchesSelector } from '#diagnosis/label-selector.ts'
import { kubectl, servedBy, type Finding, type Layer } from '#diagnosis/layer.ts'
import { networkGateways } from '#diagnosis/network-gateways.ts'
import { onceEach } from '#diagnosis/once-each.ts'
import { sharedServices, type MeshService, type ServiceIn } from '#diagnosis/shared-services.ts'
import type { Vantage } from '#probes/dial.ts'
import { clustersOf } from '#probes/envoy.ts'
import { gatewayLabel } from '#istio/gateway.ts'
import { isIstios } from '#istio/intercepted.ts'
import { listeningPorts } from '#probes/listening.ts'
import { meshConfigOf } from '#probes/survey/mesh-config.ts'
import type { Survey, SurveyedCluster } from '#probes/survey/survey.ts'
import { severalNetworks } from '#topology/networks.ts'

/** How many servers are asked whether their application listens. */
const asked = 10

/**
 * What a service’s servers accept: no AuthorizationPolicy refuses the clients there are, no NetworkPolicy leaves the
 * gateway or a client out, and the application listens where the service sends requests.
 */
export const server: Layer = {
  name: 'server',
  look: async (mesh) => {
    const services = await sharedServices(mesh)
    const clients = await clientsWithAccounts(mesh)
    const parts = services.flatMap((service) =>
      service.perCluster.filter(({ meshed }) => meshed.length > 0).map((part) => ({ service, part })),
    )
    const policies = await Promise.all(
      parts.map(async ({ service, part }) => {
        const applying = await policiesAt(mesh, service, part)
        return {
          findings: [
            ...(applying ? await refusedByPolicy(applying, service, clients) : []),
            ...(await leftOutByNetworkPolicy(mesh, service, part)),
          ],
          conditional: applying ? conditionalPolicies(applying, clients) : [],
        }
      }),
    )
    const deaf = await pMap(
      parts.slice(0, asked),
      async ({ service, part }): Promise<Asked> => {
        try {
          return await notListening(service, part)
        } catch (error) {
          const why = reasonOf(error)
          return {
            findings: [],
            notes: [`whether ${service.host} listens in ${part.cluster.name} was not asked: ${why}`],
          }
        }
      },
      { concurrency: 4 },
    )
    return {
      findings: [
        ...(await shutGateways(mesh)),
        ...onceEach(policies.flatMap(({ findings }) => findings)),
        ...deaf.flatMap(({ findings }) => findings),
      ],
      seen: `servers of ${services.length} shared services accept their clients`,
      notes: [
        ...conditionsNote([...new Set(policies.flatMap(({ conditional }) => conditional))]),
        ...deaf.flatMap(({ notes }) => notes),
        ...(parts.length > asked ? [`${asked} of ${parts.length} services were asked whether they listen`] : []),
      ],
    }
  },
}

/** What came of asking a server, and what could not be asked. */
type Asked = { findings: Finding[]; notes: string[] }

type Client = { cluster: SurveyedCluster; namespace: string; serviceAccount: string; podIP: string | undefined }

/** The service accounts of a sample of clients. */
const clientsWithAccounts = async (mesh: Survey): Promise<Client[]> => {
  const clients = await clientsOf(mesh)
  return Promise.all(
    clients.map(async ({ cluster, namespace, pod }) => {
      const found = (await cluster.reads.podsIn(namespace)).find(({ metadata }) => metadata?.name === pod)
      return {
        cluster,
        namespace,
        serviceAccount: found?.spec?.serviceAccountName ?? 'default',
        podIP: found?.status?.podIP,
      }
    }),
  )
}

const serverOf = async ({ namespace }: MeshService, { cluster, meshed }: ServiceIn): Promise<V1Pod | undefined> =>
  (await cluster.reads.podsIn(namespace)).find(({ status }) => meshed.includes(status?.podIP ?? ''))

const targetPort = async ({ namespace, name }: MeshService, { cluster, service }: ServiceIn): Promise<number> => {
  const [port] = service?.spec?.ports ?? []
  return (port && (await portBehind(cluster, namespace, name, port))) ?? port?.port ?? 0
}

/** The AuthorizationPolicies of a service’s servers in a cluster, who reads them, and the port that they guard. */
type Applying = {
  cluster: SurveyedCluster
  reader: SurveyedCluster
  policies: Awaited<ReturnType<typeof policiesFor>>
  port: number
  /** The addresses of the gateways’ pods, from which requests of other networks come. */
  gateways: string[]
}

/** A client’s request as its server sees it come. Between clusters of one network an address may be translated. */
const askingOf = ({ cluster, port, gateways }: Applying, client: Client): Asking => {
  const own = client.podIP === undefined ? [] : [client.podIP]
  const isOwn = client.cluster === cluster
  return { ...client, port, addresses: isOwn ? own : client.cluster.network === cluster.network ? [] : gateways }
}

const gatewayAddresses = async (mesh: Survey, cluster: SurveyedCluster): Promise<string[]> => {
  const networks = severalNetworks(mesh) ? await networkGateways(mesh) : []
  const services = networks.flatMap((own) => own.services).filter((gateway) => gateway.cluster === cluster)
  const perService = services.map(({ service: { metadata } }) =>
    addressesBehind(cluster, metadata?.namespace ?? '', metadata?.name ?? ''),
  )
  return (await Promise.all(perService)).flat()
}

/** Undefined where there is no server, or nobody who reads policies. */
const policiesAt = async (mesh: Survey, service: MeshService, part: ServiceIn): Promise<Applying | undefined> => {
  const reader = servedBy(mesh, part.cluster)
  const pod = await serverOf(service, part)
  if (!reader || !pod) return undefined
  const policies = await policiesFor(reader, pod)
  return policies.length === 0
    ? undefined
    : {
        cluster: part.cluster,
        reader,
        policies,
        port: await targetPort(service, part),
        gateways: await gatewayAddresses(mesh, part.cluster),
      }
}

/** Policies by which a server refuses the clients that were looked at, all of them or some. */
const refusedByPolicy = async (applying: Applying, service: MeshService, clients: Client[]): Promise<Finding[]> => {
  const { cluster, reader, policies } = applying
  const asking = clients.map((client) => askingOf(applying, client))
  // Some clients may be meant to be left out; where none is let in, the service serves nobody.
  const finding = (namespace: string, name: string, refused: Client[], why: string): Finding => ({
    code: refused.length === clients.length ? 'MP-905' : 'MP-908',
    where: `${service.host} in ${cluster.name}`,
    evidence: [`AuthorizationPolicy ${namespace}/${name} ${why}`, `clients are ${accountsOf(clients)}`],
    fix: kubectl(reader, `-n ${namespace} get authorizationpolicy ${name} -o yaml`),
    clusters: [cluster.name],
  })
  const wanting = ({ namespace, name }: { namespace: string; name: string }, why: string): Finding => ({
    code: 'MP-682',
    where: `AuthorizationPolicy ${namespace}/${name} for ${service.host}`,
    evidence: [`AuthorizationPolicy ${namespace}/${name} ${why} a GET without token and headers of its own`],
    fix: kubectl(reader, `-n ${namespace} get authorizationpolicy ${name} -o yaml`),
    clusters: [cluster.name],
  })
  const denying = policies.find(
    ({ spec }) => spec.action === 'DENY' && asking.some((client) => fits(spec, client) === 'yes'),
  )
  if (denying) {
    const refused = clients.filter((client) => fits(denying.spec, askingOf(applying, client)) === 'yes')
    return [finding(denying.namespace, denying.name, refused, `denies ${accountsOf(refused)}`)]
  }
  const providers = new Set(((await meshConfigOf(reader.reads)).extensionProviders ?? []).map(({ name }) => name))
  const unknown = policies.find(({ spec }) => spec.action === 'CUSTOM' && !providers.has(spec.provider?.name ?? ''))
  if (unknown && clients.length > 0) {
    const asks = `asks provider ${unknown.spec.provider?.name ?? '(none)'}`
    return [finding(unknown.namespace, unknown.name, clients, `${asks}, which the mesh config lacks: it denies all`)]
  }
  const plain = asking.map((client): Asking => ({ ...client, plain: true }))
  const demanding = policies.find(
    ({ spec }) => spec.action === 'DENY' && plain.some((client) => fits(spec, client) === 'yes'),
  )
  if (demanding) return [wanting(demanding, 'denies')]
  const allowing = policies.filter(({ spec }) => spec.action === 'ALLOW')
  const [first] = allowing
  const left = clients.filter((client) => allowing.every(({ spec }) => fits(spec, askingOf(applying, client)) === 'no'))
  if (!first || clients.length === 0) return []
  const refusesPlain = plain.every((client) => allowing.every(({ spec }) => fits(spec, client) === 'no'))
  if (left.length === 0) return refusesPlain ? [wanting(first, 'does not allow')] : []
  return [
    finding(
      first.namespace,
      first.name,
      left,
      first.spec.rules.length === 0 ? 'has no rule, so it allows nobody' : `does not allow ${accountsOf(left)}`,
    ),
  ]
}

/** Policies that decide by what a request says, and so cannot be judged by who asks. */
const conditionalPolicies = (applying: Applying, clients: Client[]): string[] =>
  applying.policies
    .filter(({ spec }) => clients.some((client) => fits(spec, askingOf(applying, client)) === 'maybe'))
    .map(({ namespace, name }) => `${namespace}/${name}`)

/** How many such policies are named. */
const named = 5

const conditionsNote = (policies: string[]): string[] =>
  policies.length === 0
    ? []
    : [
        `AuthorizationPolicies that decide by method, path, header or token were not judged: ` +
          policies.slice(0, named).join(', ') +
          (policies.length > named ? ` and ${policies.length - named} more` : ''),
      ]

const accountsOf = (clients: Client[]): string =>
  [...new Set(clients.map(({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`))].join(', ')

/** The NetworkPolicies that say who may reach a pod; none where they cannot be read. */
const ingressPolicies = async ({ reads }: SurveyedCluster, { metadata: pod }: V1Pod): Promise<V1NetworkPolicy[]> =>
  (await reads.networkPolicies().catch((): V1NetworkPolicy[] => [])).filter(
    ({ metadata, spec }) =>
      metadata?.namespace === pod?.namespace &&
      (spec?.policyTypes ?? ['Ingress']).includes('Ingress') &&
      matchesSelector(spec?.podSelector, pod?.labels ?? {}),
  )

/** A NetworkPolicy that selects a server and leaves out the gateway that brings requests of other networks. */
const leftOutByNetworkPolicy = async (mesh: Survey, service: MeshService, part: ServiceIn): Promise<Finding[]> => {
  const { cluster } = part
  const pod = await serverOf(service, part)
  const policies = pod ? await ingressPolicies(cluster, pod) : []
  if (!pod || policies.length === 0) return []
  const senders = await sendersOf(mesh, service, part)
  const namespaces = await cluster.reads.namespaces()
  const port = await targetPort(service, part)
  const shut = senders.filter(
    (sender) =>
      !policies.some((policy) => letsIn(policy, sender, labelsOf(namespaces, sender.metadata?.namespace), port)),
  )
  const [first] = shut
  const [policy] = policies
  if (!first || !policy) return []
  return [
    {
      code: 'MP-906',
      where: `${service.host} in ${cluster.name}`,
      evidence: [
        `NetworkPolicy ${service.namespace}/${policy.metadata?.name ?? ''} selects ${pod.metadata?.name ?? ''} ` +
          `and does not let ${first.metadata?.namespace ?? ''}/${first.metadata?.name ?? ''} in at port ${port}`,
      ],
      fix: kubectl(cluster, `-n ${service.namespace} get networkpolicy ${policy.metadata?.name ?? ''} -o yaml`),
      clusters: [cluster.name],
    },
  ]
}

/** Pods of a server’s own cluster that send it requests: its network’s gateway, and one client of the namespace. */
const sendersOf = async (mesh: Survey, service: MeshService, { cluster }: ServiceIn): Promise<V1Pod[]> => {
  const proxies = await cluster.reads.proxies()
  const gateway = mesh.clusters.some(({ network }) => network !== cluster.network)
    ? proxies.find(
        ({ metadata }) => metadata?.labels?.['topology.istio.io/network'] !== undefined && isRouter(metadata.labels),
      )
    : undefined
  const client = proxies.find(
    ({ metadata, status }) =>
      metadata?.namespace === service.namespace &&
      !service.perCluster.some(({ addresses }) => addresses.includes(status?.podIP ?? '')),
  )
  return [gateway, client].flatMap((sender) => sender ?? [])
}

/** The port at which a gateway takes requests of other networks. */
const gatewayPort = 15443

/**
 * NetworkPolicies that leave out what comes to a gateway from other networks. It comes from outside of the cluster,
 * from no pod and no namespace: only a block of addresses, or no condition at all, lets it in.
 */
const shutGateways = async (mesh: Survey): Promise<Finding[]> => {
  if (!severalNetworks(mesh)) return []
  const perCluster = await Promise.all(
    mesh.clusters.map(async (cluster): Promise<Finding[]> => {
      const pod = (await cluster.reads.proxies()).find(({ metadata }) => isRouter(metadata?.labels ?? {}))
      const policies = pod ? await ingressPolicies(cluster, pod) : []
      const [first] = policies
      const open = policies.some(({ spec }) =>
        (spec?.ingress ?? []).some(
          ({ _from: from, ports }) =>
            takesPort(ports, gatewayPort) &&
            (!from || from.length === 0 || from.some(({ ipBlock }) => ipBlock !== undefined)),
        ),
      )
      if (!first || !pod || open) return []
      const [namespace, name] = [first.metadata?.namespace ?? '', first.metadata?.name ?? '']
      return [
        {
          code: 'MP-906',
          where: `${cluster.name} ${namespace}/${pod.metadata?.name ?? ''}`,
          evidence: [
            `NetworkPolicy ${namespace}/${name} selects the gateway, and lets nobody from outside of the cluster in ` +
              `at port ${gatewayPort}`,
          ],
          fix: kubectl(cluster, `-n ${namespace} get networkpolicy ${name} -o yaml`),
          clusters: [cluster.name],
        },
      ]
    }),
  )
  return perCluster.flat()
}

type NetworkPolicyPorts = NonNullable<NonNullable<V1NetworkPolicy['spec']>['ingress']>[number]['ports']

const takesPort = (ports: NetworkPolicyPorts, port: number): boolean =>
  !ports ||
  ports.length === 0 ||
  ports.some(({ port: allowed, endPort }) =>
    endPort === undefined
      ? allowed === undefined || allowed === port || typeof allowed === 'string'
      : Number(allowed) <= port && port <= endPort,
  )

const isRouter = (labels: Record<string, string>): boolean => labels['istio'] === gatewayLabel.istio

const labelsOf = (
  namespaces: { metadata?: { name?: string; labels?: Record<string, string> } }[],
  name: string | undefined,
): Record<string, string> => ({
  'kubernetes.io/metadata.name': name ?? '',
  ...namespaces.find(({ metadata }) => metadata?.name === name)?.metadata?.labels,
})

const letsIn = (
  { metadata, spec }: V1NetworkPolicy,
  sender: V1Pod,
  namespaceLabels: Record<string, string>,
  port: number,
): boolean =>
  (spec?.ingress ?? []).some(({ _from: from, ports }) => {
    const fromThere =
      !from ||
      from.length === 0 ||
      from.some(({ podSelector, namespaceSelector, ipBlock }) => {
        if (ipBlock) return inBlock(ipBlock, sender.status?.podIP ?? '')
        const inNamespace = namespaceSelector
          ? matchesSelector(namespaceSelector, namespaceLabels)
          : sender.metadata?.namespace === metadata?.namespace
        return inNamespace && (!podSelector || matchesSelector(podSelector, sender.metadata?.labels ?? {}))
      })
    return takesPort(ports, port) && fromThere
  })

/** Whether an address is in a block of a NetworkPolicy, and in none of its exceptions. */
const inBlock = ({ cidr, except = [] }: V1IPBlock, address: string): boolean => {
  const within = (block: string): boolean =>
    ipaddr.isValid(address) &&
    ipaddr.isValidCIDR(block) &&
    ipaddr.parse(address).kind() === ipaddr.parseCIDR(block)[0].kind() &&
    ipaddr.parse(address).match(ipaddr.parseCIDR(block))
  return within(cidr) && !except.some(within)
}

/** A server whose program does not listen at a port that the service sends requests to, or on localhost alone. */
const notListening = async (service: MeshService, part: ServiceIn): Promise<Asked> => {
  const pod = await serverOf(service, part)
  const ports = await targetPorts(service, part)
  if (!pod || ports.length === 0) return { findings: [], notes: [] }
  const [namespace, name] = [pod.metadata?.namespace ?? '', pod.metadata?.name ?? '']
  const vantage = { kube: part.cluster.kube, namespace, pod: name }
  const listening = await listeningPorts(vantage)
  if (!listening) return { findings: [], notes: [`${namespace}/${name} cannot say which ports its program listens on`] }
  const open = listening.filter(({ onlyLocal }) => !onlyLocal).map(({ port }) => port)
  const closed = ports.filter((port) => !open.includes(port))
  const local = closed.filter((port) => listening.some((listener) => listener.port === port))
  const [first] = closed
  if (first === undefined) {
    const dead = deadEndpoints(
      await clustersOf(vantage),
      ports,
      listening.map(({ port }) => port),
    )
    return { findings: dead.length > 0 ? [sentToNobody(service, part, pod, dead)] : [], notes: [] }
  }
  if (local.length > 0 && (await sentToLocalhost(vantage, local))) return { findings: [], notes: [] }
  const others = open.filter((port) => !isIstios(port))
  return {
    findings: [
      {
        code: 'MP-907',
        where: `${service.host} in ${part.cluster.name}`,
        ...(local.length > 0
          ? { cause: 'an application listens on localhost alone, and its sidecar asks the pod’s address' }
          : {}),
        evidence: [
          `requests go to port ${closed.join(', ')} of ${namespace}/${name}` +
            (local.length > 0 ? `, where it listens at 127.0.0.1 alone` : ', where nothing listens'),
          `it listens on ${others.join(', ') || 'no port'}`,
        ],
        fix:
          local.length > 0
            ? `let the program listen on 0.0.0.0:${first}`
            : kubectl(part.cluster, `-n ${service.namespace} get service ${service.name} -o yaml   # targetPort`),
        clusters: [part.cluster.name],
      },
    ],
    notes: [],
  }
}

/**
 * Where a server’s proxy sends what comes in at ports, by its clusters, although nothing listens there: a Sidecar’s
 * ingress can name any port of the pod.
 */
export const deadEndpoints = (
  held: ReadonlyMap<string, readonly { address: string; port: number }[]>,
  ports: readonly number[],
  listening: readonly number[],
): string[] =>
  ports.flatMap((port) =>
    (held.get(`inbound|${port}||`) ?? [])
      .filter((endpoint) => endpoint.port !== port && !listening.includes(endpoint.port))
      .map((endpoint) => `${endpoint.address}:${endpoint.port}`),
  )

const sentToNobody = (service: MeshService, { cluster }: ServiceIn, pod: V1Pod, dead: string[]): Finding => ({
  code: 'MP-907',
  where: `${service.host} in ${cluster.name}`,
  cause: 'a sidecar sends what it gets to a port where nothing listens, as a Sidecar’s ingress asks',
  evidence: [
    `the proxy of ${pod.metadata?.namespace ?? ''}/${pod.metadata?.name ?? ''} sends requests to ${dead.join(', ')}, ` +
      'where nothing listens',
  ],
  fix: kubectl(cluster, `get sidecars.networking.istio.io -A -o yaml   # ingress.defaultEndpoint`),
  clusters: [cluster.name],
})

/** Whether a server’s proxy sends what comes in to localhost, as a Sidecar can ask for. */
const sentToLocalhost = async (vantage: Vantage, ports: number[]): Promise<boolean> =>
  [...(await clustersOf(vantage))].some(
    ([name, endpoints]) =>
      name.startsWith('inbound|') &&
      endpoints.some(({ address, port }) => address.startsWith('127.') && ports.includes(port)),
  )

/** The TCP ports of a service’s pods that requests are sent to. */
const targetPorts = async ({ namespace, name }: MeshService, { cluster, service }: ServiceIn): Promise<number[]> => {
  const tcp = (service?.spec?.ports ?? []).filter(({ protocol }) => protocol === undefined || protocol === 'TCP')
  const behind = await Promise.all(tcp.map((port) => portBehind(cluster, namespace, name, port)))
  return [...new Set(behind.flatMap((port) => port ?? []))]
}
