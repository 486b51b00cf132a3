import type { V1Pod, V1Service } from '@kubernetes/client-node'
import { addressesBehind } from '#diagnosis/addresses.ts'
import { fits, policiesFor, type Asking } from '#diagnosis/authorization.ts'
import { kubectl, servedBy, type Finding } from '#diagnosis/layer.ts'
import { networkGateways } from '#diagnosis/network-gateways.ts'
import { selects } from '#diagnosis/selects.ts'
import type { MeshService, ServiceIn } from '#diagnosis/shared-services.ts'
import { crossNetworkPort } from '#istio/gateway.ts'
import { isReady } from '#kube/pods.ts'
import { meshConfigOf } from '#probes/survey/mesh-config.ts'
import type { Survey, SurveyedCluster } from '#probes/survey/survey.ts'
import { severalNetworks } from '#topology/networks.ts'
import { serverOf, targetPort } from './server-pod.ts'

/** A client of the mesh’s services: its service account, and the address of its pod. */
export type Client = { cluster: SurveyedCluster; namespace: string; serviceAccount: string; podIP: string | undefined }

/**
 * The clients of every cluster, one for each service account: policies name accounts. A gateway for users is a client
 * as well; one between networks passes on the requests of others.
 */
export const clientsWithAccounts = async (mesh: Survey): Promise<Client[]> => {
  const perCluster = await Promise.all(
    mesh.clusters.map(async (cluster) => {
      const [proxies, services] = await Promise.all([cluster.reads.proxies(), cluster.reads.services()])
      const clients = proxies
        .filter((pod) => isReady(pod) && !isBetweenNetworks(pod, services))
        .map(({ metadata, spec, status }): Client => ({
          cluster,
          namespace: metadata?.namespace ?? '',
          serviceAccount: spec?.serviceAccountName ?? 'default',
          podIP: status?.podIP,
        }))
      return [...new Map(clients.map((client) => [accountOf(client), client])).values()]
    }),
  )
  return perCluster.flat()
}

const accountOf = ({ namespace, serviceAccount }: Client): string => `${namespace}/${serviceAccount}`

const isBetweenNetworks = (pod: V1Pod, services: V1Service[]): boolean =>
  services.some(
    (service) =>
      service.metadata?.namespace === pod.metadata?.namespace &&
      service.spec?.ports?.some(({ port }) => port === crossNetworkPort) &&
      selects(service, pod.metadata?.labels),
  )

/** The AuthorizationPolicies of a service’s servers in a cluster, who reads them, and the port that they guard. */
export type Applying = {
  cluster: SurveyedCluster
  reader: SurveyedCluster
  policies: Awaited<ReturnType<typeof policiesFor>>
  port: number
  /** The service account of the servers, `namespace/account`. */
  account: string
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

/** The policies of a service’s servers. Undefined where there is no server, or nobody who reads policies. */
export const policiesAt = async (
  mesh: Survey,
  service: MeshService,
  part: ServiceIn,
): Promise<Applying | undefined> => {
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
        account: `${service.namespace}/${pod.spec?.serviceAccountName ?? 'default'}`,
        gateways: await gatewayAddresses(mesh, part.cluster),
      }
}

/** Policies by which a server refuses the clients that were looked at, all of them or some. */
export const refusedByPolicy = async (
  applying: Applying,
  service: MeshService,
  everybody: Client[],
): Promise<Finding[]> => {
  const { cluster, reader, policies } = applying
  // A service need not call itself.
  const others = everybody.filter((client) => accountOf(client) !== applying.account)
  const clients = others.length > 0 ? others : everybody
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
export const conditionalPolicies = (applying: Applying, clients: Client[]): string[] =>
  applying.policies
    .filter(({ spec }) => clients.some((client) => fits(spec, askingOf(applying, client)) === 'maybe'))
    .map(({ namespace, name }) => `${namespace}/${name}`)

/** How many such policies are named. */
const named = 5

/** The note that names policies that could not be judged, or none. */
export const conditionsNote = (policies: string[]): string[] =>
  policies.length === 0
    ? []
    : [
        `AuthorizationPolicies that decide by method, path, header or token were not judged: ` +
          policies.slice(0, named).join(', ') +
          (policies.length > named ? ` and ${policies.length - named} more` : ''),
      ]

const accountsOf = (clients: Client[]): string => [...new Set(clients.map(accountOf))].join(', ')
