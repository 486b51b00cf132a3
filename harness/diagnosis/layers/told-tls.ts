import pMap from 'p-map'
import { reasonOf } from '#errors.ts'
import { clientPlace, clientsOf, type Client } from '#diagnosis/clients.ts'
import { filtersInWords } from '#diagnosis/envoy-filters.ts'
import { istioctl, kubectl, servedBy, type Finding } from '#diagnosis/layer.ts'
import { onceEach } from '#diagnosis/once-each.ts'
import type { MeshService, ServiceIn } from '#diagnosis/shared-services.ts'
import { trustOf } from '#probes/envoy.ts'
import { toldClustersOf, type EnvoyCluster } from '#probes/envoy-clusters.ts'
import type { Survey } from '#probes/survey/survey.ts'
import { serverOf } from './server/server-pod.ts'

/** A service whose servers take mutual TLS alone, in some clusters, and who they are there by their certificates. */
export type Expected = { service: MeshService; servers: { part: ServiceIn; identity: string | undefined }[] }

/**
 * Clients whose proxies do not open mutual TLS as the servers of a service take it, whoever told them so. `services`
 * are those whose servers take nothing else from these clients, and that no rule has explained.
 */
export const toldOtherTls = async (
  mesh: Survey,
  services: readonly MeshService[],
): Promise<{ findings: Finding[]; notes: string[] }> => {
  if (services.length === 0) return { findings: [], notes: [] }
  const expected = await Promise.all(services.map(expectedOf))
  const clients = await clientsOf(mesh)
  const unread: string[] = []
  const perClient = await pMap(
    clients,
    async (client) => {
      try {
        const told = await toldClustersOf({ ...client, kube: client.cluster.kube })
        return await Promise.all(
          expected.flatMap((service) => {
            const found = otherTls(client, service, told)
            return found ? [findingOf(mesh, client, service, found)] : []
          }),
        )
      } catch (error) {
        unread.push(`${clientPlace(client)}: ${reasonOf(error)}`)
        return []
      }
    },
    { concurrency: 4 },
  )
  const [first] = unread
  return {
    findings: onceEach(perClient.flat()),
    notes: first === undefined ? [] : [`TLS settings of ${unread.length} clients were not read: ${first}`],
  }
}

const expectedOf = async (service: MeshService): Promise<Expected> => ({
  service,
  servers: await Promise.all(
    service.perCluster
      .filter(({ meshed }) => meshed.length > 0)
      .map(async (part) => ({ part, identity: await identityIn(service, part) })),
  ),
})

/** Who a server says that it is, by its live certificate; undefined where it cannot be read. */
const identityIn = async (service: MeshService, part: ServiceIn): Promise<string | undefined> => {
  const pod = await serverOf(service, part)
  if (!pod) return undefined
  const proxy = {
    kube: part.cluster.kube,
    namespace: pod.metadata?.namespace ?? '',
    pod: pod.metadata?.name ?? '',
  }
  const trust = await trustOf(proxy).catch(() => undefined)
  return /URI:(spiffe:[^,]+)/.exec(trust?.chain[0]?.subjectAltName ?? '')?.[1]
}

/** What a proxy does otherwise: the cause, and a line of evidence. */
type OtherTls = { cause: string; line: string }

/** How a client’s proxy fails to open mutual TLS to a service; undefined where it does, or has none. */
export const otherTls = (
  client: Pick<Client, 'cluster'>,
  { service: { host, perCluster }, servers }: Expected,
  told: readonly EnvoyCluster[],
): OtherTls | undefined => {
  const ports = new Set(perCluster.flatMap(({ service }) => (service?.spec?.ports ?? []).map(({ port }) => port)))
  for (const port of ports) {
    const cluster = told.find(({ name }) => name === `outbound|${port}||${host}`)
    if (cluster?.discovery !== 'EDS') continue
    const { tls } = cluster
    if (!tls) return { cause: 'a client’s proxy sends plaintext to servers that take mutual TLS', line: cluster.name }
    const crosses = servers.some(({ part }) => part.cluster.network !== client.cluster.network)
    const serverName = `outbound_.${port}_._.${host}`
    if (crosses && tls.serverName !== serverName)
      return {
        cause: 'a client’s proxy asks gateways for a server name that they do not pass on',
        line: `${cluster.name}: it asks for ${tls.serverName || 'no name'}, and gateways pass on ${serverName}`,
      }
    if (!tls.hasCertificate)
      return { cause: 'a client’s proxy shows servers no certificate, which they require', line: cluster.name }
    const strange = servers.find(
      ({ identity }) => identity !== undefined && tls.identities.length > 0 && !tls.identities.includes(identity),
    )
    if (strange)
      return {
        cause: 'a client’s proxy accepts other identities than servers of a cluster have',
        line:
          `${cluster.name}: it accepts ${tls.identities.slice(0, 5).join(', ')}; in ${strange.part.cluster.name} the ` +
          `server is ${strange.identity ?? ''}`,
      }
  }
  return undefined
}

const findingOf = async (
  mesh: Survey,
  client: Client,
  { service: { host } }: Expected,
  { cause, line }: OtherTls,
): Promise<Finding> => {
  const reader = servedBy(mesh, client.cluster) ?? client.cluster
  const pod = (await client.cluster.reads.podsIn(client.namespace)).find(
    ({ metadata }) => metadata?.name === client.pod,
  )
  const filters = await filtersInWords(reader, pod)
  return {
    code: 'MP-925',
    cause,
    where: `${host} for clients of ${client.cluster.name}`,
    evidence: [line, ...filters, `seen in the proxy of ${clientPlace(client)}`],
    fix:
      filters.length > 0
        ? kubectl(reader, 'get envoyfilters -A -o yaml   # applyTo: CLUSTER')
        : istioctl(client.cluster, `-n ${client.namespace} proxy-config clusters ${client.pod} --fqdn ${host} -o json`),
    clusters: [client.cluster.name],
  }
}
