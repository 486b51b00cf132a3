import pMap from 'p-map'
import { clientsOf, type Client, type Unread, unreadNotes } from '#diagnosis/clients.ts'
import type { FindingCode } from '#diagnosis/findings.ts'
import { again, type Finding, type Layer } from '#diagnosis/layer.ts'
import { networkGateways, type NetworkGateways } from '#diagnosis/network-gateways.ts'
import { onceEach } from '#diagnosis/once-each.ts'
import { isHeadless, type MeshService, meshServices, portsDiffer, sharedServices } from '#diagnosis/shared-services.ts'
import { nothingToAsk } from '#diagnosis/vantage.ts'
import { clustersOf } from '#probes/envoy.ts'
import type { Survey } from '#probes/survey/survey.ts'
import { severalNetworks } from '#topology/networks.ts'
import { judgeHeld } from './held.ts'
import { policyFindings } from './policies.ts'
import { exportToAnnotation } from './why-unknown.ts'

/**
 * What clients’ proxies hold for shared services: pods of their own network, gateways of the others, and of every
 * cluster that has some (istio/istio#28381). Services that differ between clusters are left to the layer of services.
 */
export const endpoints: Layer = {
  name: 'endpoints',
  look: async (mesh) => {
    const services = (await sharedServices(mesh)).filter(({ perCluster }) => {
      const having = perCluster.flatMap(({ service }) => service ?? [])
      return !having.some((service) => having.some((other) => portsDiffer(service, other)))
    })
    const names = mesh.clusters.map(({ name }) => name).join(', ')
    if (services.length === 0) {
      if (!(await meshServices(mesh)).some(isSharedHeadless))
        throw nothingToAsk('no service exists in several clusters', names)
      return { findings: [], seen: 'the services that clusters share are headless: clients resolve pods themselves' }
    }
    const clients = await clientsOf(mesh)
    if (clients.length === 0) throw nothingToAsk('no sidecar is ready that could be asked', names)
    const gateways = severalNetworks(mesh) ? await networkGateways(mesh) : []
    const policies = await policyFindings(mesh, services)
    const explained = services.filter(({ host }) =>
      policies.some(({ code, where }) => code === 'MP-896' && where.startsWith(`${host} `)),
    )
    const judged = services.filter((service) => !explained.includes(service))
    const unread: Unread[] = []
    const perClient = await pMap(
      clients,
      async (client) => {
        try {
          return (await again(() => wrongFor(mesh, client, judged, gateways), 1, 1500)).map((finding) => ({
            finding,
            meant: isMeant(finding, client.namespace, judged),
          }))
        } catch (error) {
          unread.push({ client, error })
          return []
        }
      },
      { concurrency: 4 },
    )
    const looked = perClient.flat()
    return {
      findings: [...policies, ...onceEach(looked.flatMap(({ finding, meant }) => (meant ? [] : finding)))],
      seen: `${clients.length - unread.length} clients’ proxies hold what they should for ${shortList(services)}`,
      notes: [
        ...keptNote(looked.flatMap(({ finding, meant }) => (meant ? finding.where : []))),
        ...unreadNotes('endpoints', clients.length, unread),
      ],
    }
  },
}

/** What Sidecars and exportTo do on purpose: they keep services from clients of other namespaces. */
const limiting: readonly FindingCode[] = ['MP-894', 'MP-895']

/**
 * Whether what a client does not know is kept from it on purpose: the service is of another namespace, and exported
 * alike in every cluster.
 */
export const isMeant = (
  { code, where }: Pick<Finding, 'code' | 'where'>,
  namespace: string,
  services: MeshService[],
): boolean =>
  limiting.includes(code) &&
  services.some(
    (service) =>
      where.startsWith(`${service.host} `) && service.namespace !== namespace && isExportedAlike(service.perCluster),
  )

const isExportedAlike = (perCluster: MeshService['perCluster']): boolean =>
  new Set(
    perCluster.flatMap(({ service }) => (service ? (service.metadata?.annotations?.[exportToAnnotation] ?? '') : [])),
  ).size < 2

/** How many services are named that are kept from clients. */
const named = 3

const keptNote = (places: string[]): string[] => {
  const kept = [...new Set(places)]
  const more = kept.length > named ? ` and ${kept.length - named} more` : ''
  return kept.length === 0
    ? []
    : [`Sidecars or exportTo keep services from clients of other namespaces: ${kept.slice(0, named).join('; ')}${more}`]
}

const isSharedHeadless = ({ perCluster }: MeshService): boolean =>
  perCluster.filter(({ service }) => service && isHeadless(service)).length > 1

/** The first services by name, and how many more there are. */
const shortList = (services: MeshService[]): string => {
  const shown = services.slice(0, 3).map(({ host }) => host)
  return services.length > shown.length
    ? `${shown.join(', ')} and ${services.length - shown.length} more`
    : shown.join(', ')
}

const wrongFor = async (
  mesh: Survey,
  { cluster, namespace, pod }: Client,
  services: MeshService[],
  gateways: NetworkGateways[],
): Promise<Finding[]> =>
  judgeHeld(
    mesh,
    { cluster, namespace, name: pod },
    await clustersOf({ kube: cluster.kube, namespace, pod }),
    services,
    gateways,
  )
