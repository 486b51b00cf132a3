import { isIP } from 'node:net'
import { unreadGateways } from '#diagnosis/gateway-objects.ts'
import { kubectl, servedBy, type Finding } from '#diagnosis/layer.ts'
import { addressesInto, type GatewayService, type NetworkGateways } from '#diagnosis/network-gateways.ts'
import { gatewayPlace, vantagePlace } from '#diagnosis/places.ts'
import { dialFrom, vantageIn } from '#diagnosis/vantage.ts'
import { isFollowed } from '#diagnosis/mesh-namespaces.ts'
import { notMade } from './not-made.ts'
import { shellWord } from '#results/text.ts'
import { hostOf, type Survey, type SurveyedCluster } from '#probes/survey/survey.ts'
import { unresolvedNames } from './names.ts'

/** What an entrance is before somebody writes the address of the gateway. */
const placeholder = '0.0.0.0'

/** What is wrong with the way into a network as it is written down (istio/istio#49045, istio/istio#43656). */
export const writtenEntrances = async (
  mesh: Survey,
  gateways: NetworkGateways[],
  own: NetworkGateways,
): Promise<Finding[]> => {
  const [cluster] = mesh.clusters.filter(({ network }) => network === own.network)
  if (!cluster) return []
  const { services, configured, known } = own
  const isKnown = known.some((control) => (control.gateways ?? []).length > 0)
  if (services.length === 0 && configured.length === 0 && !isKnown) return [await withoutGateway(mesh, own, cluster)]
  const unresolved = await unresolvedNames(mesh, own)
  if (unresolved.length > 0) return unresolved
  if (services.length > 0 && services.every(({ addresses }) => addresses.length === 0)) {
    const dead = await rememberedDead(mesh, own)
    // An address in meshNetworks may be that of somebody’s own load balancer, which leads to the ports of nodes.
    const isCause = configured.length === 0 || (dead?.length && services.every(({ service }) => !leadsByNodes(service)))
    if (dead && isCause)
      return services.map((gateway) => ({
        code: 'MP-882',
        where: gatewayPlace(gateway),
        evidence: [`type ${gateway.service.spec?.type ?? ''}, no address in its status and no externalIPs`, ...dead],
        fix: kubectl(
          gateway.cluster,
          `-n ${gateway.service.metadata?.namespace ?? ''} describe service ${gateway.service.metadata?.name ?? ''}`,
        ),
      }))
  }
  const strange = await strangeAddresses(mesh, gateways, own)
  return strange.length > 0 ? strange : unknownToSome(mesh, own)
}

const leadsByNodes = ({ spec }: GatewayService['service']): boolean => spec?.type === 'NodePort'

/**
 * What clients hear from the addresses that control planes remember although no service has them any more; undefined
 * where one of them still answers, or nobody can be asked.
 */
const rememberedDead = async (mesh: Survey, { network, known }: NetworkGateways): Promise<string[] | undefined> => {
  const remembered = known.flatMap(({ primary, gateways }) =>
    (gateways ?? []).map((gateway) => ({ primary, ...gateway })),
  )
  const answers = await Promise.all(
    remembered.map(async ({ primary, address, port }) => {
      const failure = await closedFrom(mesh, network, address, port)
      return failure ? `istiod of ${primary.name} still sends clients to ${address}:${port}; ${failure}` : undefined
    }),
  )
  return answers.includes(undefined) ? undefined : answers.flatMap((answer) => answer ?? [])
}

/** Control planes that know no gateway of a network, although there is one: their clients elsewhere never get there. */
const unknownToSome = async (mesh: Survey, own: NetworkGateways): Promise<Finding[]> => {
  const addresses = addressesInto(own)
  if (addresses.length === 0) return []
  const perPrimary = await Promise.all(
    own.known.map(async ({ primary, gateways }): Promise<Finding[]> => {
      const clients = mesh.clusters.filter(
        (cluster) => cluster.network !== own.network && servedBy(mesh, cluster) === primary,
      )
      if (gateways === undefined || gateways.length > 0 || clients.length === 0) return []
      const notFollowed = await namespacesNotFollowed(primary, own.services)
      const portless = own.services.flatMap(portNotThere)
      return [
        {
          code: 'MP-881',
          cause:
            notFollowed.length > 0
              ? 'a control plane does not follow the namespace of a gateway between networks'
              : portless.length > 0
                ? 'the label of a gateway’s service names a port that the service lacks'
                : 'a control plane knows no gateway of a network that has one',
          where: `${own.network} for ${primary.name}`,
          evidence: [
            ...notFollowed,
            ...portless,
            `${own.network} is entered at ${addresses.join(', ')}, and istiod of ${primary.name} knows no gateway ` +
              'of it (/debug/networkz)',
          ],
          fix:
            notFollowed.length > 0
              ? kubectl(primary, `-n ${primary.istioNamespace} edit configmap istio   # discoverySelectors`)
              : kubectl(hostOf(primary), `-n ${primary.istioNamespace} logs deployment/istiod | grep -i gateway`),
          clusters: clients.map(({ name }) => name),
        },
      ]
    }),
  )
  return perPrimary.flat()
}

/** The label by which a gateway’s service tells its port, where it names none of its ports. */
const portNotThere = ({ cluster, service: { metadata, spec } }: GatewayService): string[] => {
  const port = metadata?.labels?.['networking.istio.io/gatewayPort']
  if (port === undefined || spec?.ports?.some((candidate) => String(candidate.port) === port)) return []
  const ports = (spec?.ports ?? []).map((candidate) => candidate.port).join(', ')
  return [
    `service ${metadata?.namespace ?? ''}/${metadata?.name ?? ''} of ${cluster.name} is labelled ` +
      `networking.istio.io/gatewayPort=${port} and has ports ${ports}`,
  ]
}

/** Namespaces of gateways that the mesh config of a control plane leaves out, in words. */
const namespacesNotFollowed = async (primary: SurveyedCluster, services: GatewayService[]): Promise<string[]> => {
  const lines = await Promise.all(
    services.map(async ({ cluster, service }) => {
      const name = service.metadata?.namespace ?? ''
      return (await isFollowed(primary, cluster, name))
        ? []
        : [`discoverySelectors of the mesh config of ${primary.name} leave out namespace ${name} of ${cluster.name}`]
    }),
  )
  return [...new Set(lines.flat())]
}

const withoutGateway = async (
  { clusters }: Survey,
  { network }: NetworkGateways,
  cluster: SurveyedCluster,
): Promise<Finding> => {
  const members = clusters.filter((member) => member.network === network)
  const names = members.map(({ name }) => name)
  // A Gateway that stands for one elsewhere is in the cluster of a control plane.
  const unmade = (await Promise.all(clusters.map((member) => notMade(member, network)))).flat()
  const unread = (await Promise.all(clusters.map(unreadGateways))).filter((said) => said !== undefined)
  const mislabelled = (await Promise.all(members.map(labelledOtherwise))).flat()
  return {
    code: 'MP-881',
    where: network,
    ...(mislabelled.length > 0
      ? { cause: 'a gateway’s service is labelled with another network than its cluster’s' }
      : {}),
    evidence: [
      `no service of ${names.join(', ')} is labelled ${networkLabel}=${network}, and meshNetworks names no gateway`,
      ...mislabelled.map(({ line }) => line),
      ...unmade.map(({ line }) => line),
      ...unread,
    ],
    fix: mislabelled[0]?.fix ?? unmade[0]?.fix ?? kubectl(cluster, `get services -A -l ${networkLabel}`),
  }
}

const networkLabel = 'topology.istio.io/network'

/** Services of a cluster that say they lead into another network than its own. */
const labelledOtherwise = async (cluster: SurveyedCluster): Promise<{ line: string; fix: string }[]> =>
  (await cluster.reads.services()).flatMap(({ metadata }) => {
    const label = metadata?.labels?.[networkLabel]
    if (label === undefined || label === cluster.network) return []
    const { namespace = '', name = '' } = metadata ?? {}
    return [
      {
        line: `service ${namespace}/${name} of ${cluster.name} is labelled ${networkLabel}=${label}`,
        fix: kubectl(
          cluster,
          `-n ${namespace} label --overwrite service ${name} ${networkLabel}=${shellWord(cluster.network)}`,
        ),
      },
    ]
  })

/**
 * Addresses of meshNetworks that no gateway of the network has. An address in front of it, of a load balancer that
 * Kubernetes does not know, is fine as long as something answers there.
 */
const strangeAddresses = async (
  mesh: Survey,
  gateways: NetworkGateways[],
  { network, services, configured }: NetworkGateways,
): Promise<Finding[]> => {
  const known = services.flatMap(({ addresses }) => addresses).filter((address) => isIP(address) !== 0)
  const elsewhere = gateways
    .filter((other) => other.network !== network)
    .flatMap((other) => other.services.flatMap((gateway) => gateway.addresses.map((address) => ({ gateway, address }))))
  const perEntry = await Promise.all(
    configured.map(async ({ primary, address, port }): Promise<Finding[]> => {
      if (isIP(address) === 0 || (address !== placeholder && (known.length === 0 || known.includes(address)))) return []
      const owner = elsewhere.find((other) => other.address === address)
      const failure = address === placeholder || owner ? undefined : await closedFrom(mesh, network, address, port)
      if (failure === '') return []
      return [
        {
          code: 'MP-883',
          where: `${primary.name} ${network}`,
          evidence: [
            `meshNetworks says ${address}, gateways of ${network} have ${known.join(', ') || 'none'}`,
            ...(owner ? [`${address} belongs to ${gatewayPlace(owner.gateway)}, on another network`] : []),
            ...(failure === undefined ? [] : [failure]),
          ],
          fix: kubectl(primary, `-n ${primary.istioNamespace} edit configmap istio`),
        },
      ]
    }),
  )
  return perEntry.flat()
}

/** What a client of another network hears from an address; empty where it is open, undefined where nobody can dial. */
const closedFrom = async (
  mesh: Survey,
  network: string,
  address: string,
  port: number,
): Promise<string | undefined> => {
  for (const client of mesh.clusters.filter((cluster) => cluster.network !== network)) {
    if (!(await vantageIn(client).catch(() => undefined))) continue
    const { open, said, vantage } = await dialFrom(client, address, port)
    return open ? '' : `from ${vantagePlace(vantage, client)}: ${said}`
  }
  return undefined
}
