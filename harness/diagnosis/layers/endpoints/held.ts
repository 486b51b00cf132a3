import { type Finding, istioctl, kubectl } from '#diagnosis/layer.ts'
import { addressesInto, type NetworkGateways } from '#diagnosis/network-gateways.ts'
import type { MeshService } from '#diagnosis/shared-services.ts'
import type { Endpoint } from '#probes/envoy.ts'
import type { Survey, SurveyedCluster } from '#probes/survey/survey.ts'
import { unexplainedEndpoints } from './extra.ts'
import { serversWithoutSidecar, whyMissing } from './missing.ts'

/**
 * What is wrong with what one client’s proxy holds: every cluster of endpoints that it knows, by Istio’s name for
 * it.
 */
export const judgeHeld = async (
  mesh: Survey,
  { cluster, namespace, name }: { cluster: SurveyedCluster; namespace: string; name: string },
  held: Map<string, Endpoint[]>,
  services: MeshService[],
  gateways: NetworkGateways[],
): Promise<Finding[]> => {
  const client = `${cluster.name} ${namespace}/${name}`
  const perService = await Promise.all(
    services.map(async (service): Promise<Finding[]> => {
      const clusterNames = [...held.keys()].filter(
        (part) => part.startsWith('outbound|') && part.endsWith(`||${service.host}`),
      )
      const endpoints = clusterNames.flatMap((part) => held.get(part) ?? [])
      const fix = istioctl(cluster, `-n ${namespace} proxy-config endpoints ${name} | grep ${service.host}`)
      const shown = (evidence: string[]): string[] => [
        ...evidence,
        `${client} holds ${addressesOf(endpoints)} for ${service.host}`,
      ]
      // Networks may use the same ranges: an address that a pod of the own network has as well is that pod’s.
      const near = new Set(
        service.perCluster.flatMap((part) => (part.cluster.network === cluster.network ? part.pods : [])),
      )
      const foreign = service.perCluster
        .filter((part) => part.cluster.network !== cluster.network)
        .flatMap((part) =>
          part.addresses
            .filter((address) => !near.has(address) && endpoints.some((endpoint) => endpoint.address === address))
            .map((address) => ({ ...part, address })),
        )
      if (foreign.length > 0)
        return [
          {
            code: 'MP-891',
            where: client,
            evidence: shown(
              foreign.map((part) => `${part.address} is a pod of ${part.cluster.name} on ${part.cluster.network}`),
            ),
            fix,
          },
        ]
      const unknown = service.perCluster.filter(
        (part) =>
          isDue(part, cluster) &&
          !waysTo(part, cluster, gateways).some((address) =>
            endpoints.some((endpoint) => endpoint.address === address),
          ),
      )
      if (unknown.length > 0) {
        const why = await whyMissing(mesh, {
          client: cluster,
          clientNamespace: namespace,
          service,
          unknown: unknown.map((part) => part.cluster),
          knowsSome: endpoints.length > 0,
        })
        return [
          why ?? {
            code: 'MP-892',
            where: `${service.host} for ${client}`,
            evidence: shown(unknown.map((part) => `${part.cluster.name} has ${part.meshed.length} pods of it`)),
            fix,
          },
        ]
      }
      const bare = await Promise.all(service.perCluster.map((part) => serversWithoutSidecar(cluster, service, part)))
      const extra = await unexplainedEndpoints(mesh, { cluster, client }, service, held, gateways)
      return [
        ...bare.flatMap((finding) => finding ?? []),
        ...extra,
        ...(preferred(service, cluster, endpoints, gateways)
          ? [keptNear(service, cluster, `${service.host} for ${client}`, shown, endpoints, fix)]
          : []),
      ]
    }),
  )
  return perService.flat()
}

/** How many addresses are shown of what a client holds. */
const shownAddresses = 10

const addressesOf = (endpoints: Endpoint[]): string => {
  const addresses = endpoints.map(({ address, port }) => `${address}:${port}`)
  const more = addresses.length > shownAddresses ? ` and ${addresses.length - shownAddresses} more` : ''
  return addresses.length === 0 ? 'nothing' : `${addresses.slice(0, shownAddresses).join(', ')}${more}`
}

/** Clients that use their own locality first: by the service’s own wish, or by a DestinationRule. */
const keptNear = (
  service: MeshService,
  cluster: SurveyedCluster,
  where: string,
  shown: (evidence: string[]) => string[],
  endpoints: Endpoint[],
  fix: string,
): Finding => {
  const evidence = shown([
    `endpoints of other clusters have a lower priority: ${endpoints
      .filter(({ priority }) => priority > 0)
      .map(({ address }) => address)
      .join(', ')}`,
  ])
  const wish = service.perCluster.flatMap((part) => {
    const { spec, metadata } = part.service ?? {}
    const asked = spec?.trafficDistribution ?? metadata?.annotations?.['networking.istio.io/traffic-distribution']
    return asked === undefined ? [] : [{ part, asked }]
  })[0]
  if (!wish) return { code: 'MP-897', where, evidence, fix }
  const { namespace, name } = service
  return {
    code: 'MP-897',
    cause: `the service’s trafficDistribution ${wish.asked} keeps its clients in their own network and zone`,
    where,
    evidence: [
      `service ${namespace}/${name} of ${wish.part.cluster.name} has trafficDistribution ${wish.asked}`,
      ...evidence,
    ],
    fix: kubectl(
      wish.part.cluster,
      `-n ${namespace} patch service ${name} --type=merge -p '{"spec":{"trafficDistribution":null}}'`,
    ),
    clusters: [cluster.name],
  }
}

type In = MeshService['perCluster'][number]

/**
 * A cluster’s pods are due in a client’s list: all of a neighbour’s, and across networks those with a sidecar,
 * since gateways pass on mutual TLS alone.
 */
const isDue = ({ cluster, service, addresses, meshed }: In, client: SurveyedCluster): boolean =>
  service !== undefined && (cluster.network === client.network ? addresses : meshed).length > 0

const waysTo = ({ cluster, addresses }: In, client: SurveyedCluster, gateways: NetworkGateways[]): string[] =>
  cluster.network === client.network
    ? addresses
    : gateways.filter(({ network }) => network === cluster.network).flatMap(addressesInto)

/** True where only the own cluster’s pods are used as long as they answer. */
const preferred = (
  { perCluster }: MeshService,
  client: SurveyedCluster,
  endpoints: Endpoint[],
  gateways: NetworkGateways[],
): boolean => {
  const others = perCluster
    .filter((part) => part.cluster !== client && isDue(part, client))
    .flatMap((part) => waysTo(part, client, gateways))
  const foreign = endpoints.filter(({ address }) => others.includes(address))
  return (
    foreign.length > 0 &&
    foreign.every(({ priority }) => priority > 0) &&
    endpoints.some(({ priority }) => priority === 0)
  )
}
