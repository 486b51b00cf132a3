import type { V1Pod } from '@kubernetes/client-node'
import { again, type Finding, type Layer, severalNetworks } from '#diagnosis/layer.ts'
import { entrancesOf, networkGateways, type NetworkGateways } from '#diagnosis/network-gateways.ts'
import { policyFindings, whyUnknown } from '#diagnosis/policies.ts'
import { type MeshService, portsOf, sharedServices } from '#diagnosis/shared-services.ts'
import { nothingToAsk } from '#diagnosis/vantage.ts'
import { proxyOf } from '#istio/proxy-container.ts'
import { isReady } from '#kube/pods.ts'
import { clustersOf, type Endpoint } from '#probes/envoy.ts'
import { shellWord } from '#results/text.ts'
import type { Survey, SurveyedCluster } from '#survey/survey.ts'

/**
 * What clients’ proxies hold for shared services: pods of their own network, gateways of the others, and of every
 * cluster that has some (istio/istio#28381). Services that differ between clusters are left to the layer of services.
 */
export const endpoints: Layer = {
  name: 'endpoints',
  look: async (mesh) => {
    const services = (await sharedServices(mesh)).filter(
      ({ perCluster }) => new Set(perCluster.flatMap(({ service }) => (service ? portsOf(service) : []))).size === 1,
    )
    const gateways = severalNetworks(mesh) ? await networkGateways(mesh) : []
    if (services.length === 0)
      throw nothingToAsk('no service exists in several clusters', mesh.clusters.map(({ name }) => name).join(', '))
    const policies = await policyFindings(mesh, services)
    const explained = services.filter(({ host }) =>
      policies.some(({ code, where }) => code === 'MP-896' && where.startsWith(`${host} `)),
    )
    const clients = (
      await Promise.all(
        mesh.clusters.map(async (cluster) => clientsIn(await cluster.reads.proxies()).map((pod) => ({ cluster, pod }))),
      )
    ).flat()
    if (clients.length === 0)
      throw nothingToAsk('no sidecar is ready that could be asked', mesh.clusters.map(({ name }) => name).join(', '))
    const perClient = await Promise.all(
      clients.map(({ cluster, pod }) =>
        again(
          () =>
            wrongFor(
              mesh,
              cluster,
              pod,
              services.filter((service) => !explained.includes(service)),
              gateways,
            ),
          1,
          1500,
        ),
      ),
    )
    return {
      findings: [...policies, ...perClient.flat()],
      seen:
        `${clients.length} clients’ proxies hold what they should for ` + services.map(({ host }) => host).join(', '),
    }
  },
}

/** One sidecar of every namespace, and five at most: what clients hold differs between namespaces. */
const clientsIn = (proxies: V1Pod[]): V1Pod[] => {
  const sidecars = proxies.filter((pod) => isReady(pod) && proxyOf(pod)?.args?.includes('sidecar'))
  return [...new Map(sidecars.map((pod) => [pod.metadata?.namespace, pod])).values()].slice(0, 5)
}

const wrongFor = async (
  mesh: Survey,
  cluster: SurveyedCluster,
  { metadata }: V1Pod,
  services: MeshService[],
  gateways: NetworkGateways[],
): Promise<Finding[]> => {
  const [namespace, name] = [metadata?.namespace ?? '', metadata?.name ?? '']
  return judgeHeld(
    mesh,
    { cluster, namespace, name },
    await clustersOf({ kube: cluster.kube, namespace, pod: name }),
    services,
    gateways,
  )
}

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
        (its) => its.startsWith('outbound|') && its.endsWith(`||${service.host}`),
      )
      const all = clusterNames.flatMap((its) => held.get(its) ?? [])
      const fix =
        `istioctl --context=${shellWord(cluster.context)} -n ${namespace} proxy-config endpoints ${name} | grep ` +
        service.host
      const shown = (evidence: string[]): string[] => [
        ...evidence,
        `${client} holds ${all.map(({ address, port }) => `${address}:${port}`).join(', ') || 'nothing'} for ` +
          service.host,
      ]
      const foreign = service.perCluster
        .filter((its) => its.cluster.network !== cluster.network)
        .flatMap((its) =>
          its.addresses
            .filter((address) => all.some((one) => one.address === address))
            .map((address) => ({ ...its, address })),
        )
      if (foreign.length > 0)
        return [
          {
            code: 'MP-891',
            where: client,
            evidence: shown(
              foreign.map((its) => `${its.address} is a pod of ${its.cluster.name} on ${its.cluster.network}`),
            ),
            fix,
          },
        ]
      const unknown = service.perCluster.filter(
        (its) =>
          isDue(its, cluster) &&
          !waysTo(its, cluster, gateways).some((address) => all.some((one) => one.address === address)),
      )
      if (unknown.length > 0) {
        const why = await whyUnknown(
          mesh,
          cluster,
          namespace,
          service,
          unknown.map((its) => its.cluster),
        )
        return [
          why ?? {
            code: 'MP-892',
            where: `${service.host} for ${client}`,
            evidence: shown(unknown.map((its) => `${its.cluster.name} has ${its.meshed.length} pods of it`)),
            fix,
          },
        ]
      }
      return preferred(service, cluster, all, gateways)
        ? [
            {
              code: 'MP-897',
              where: `${service.host} for ${client}`,
              evidence: shown([
                `endpoints of other clusters have a lower priority: ${all
                  .filter(({ priority }) => priority > 0)
                  .map(({ address }) => address)
                  .join(', ')}`,
              ]),
              fix,
            },
          ]
        : []
    }),
  )
  return perService.flat()
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
    : gateways.filter(({ network }) => network === cluster.network).flatMap(entrancesOf)

/** True where only the own cluster’s pods are used as long as they answer. */
const preferred = (
  { perCluster }: MeshService,
  client: SurveyedCluster,
  all: Endpoint[],
  gateways: NetworkGateways[],
): boolean => {
  const others = perCluster
    .filter((its) => its.cluster !== client && isDue(its, client))
    .flatMap((its) => waysTo(its, client, gateways))
  const theirs = all.filter(({ address }) => others.includes(address))
  return theirs.length > 0 && theirs.every(({ priority }) => priority > 0) && all.some(({ priority }) => priority === 0)
}
