import { isIP } from 'node:net'
import type { V1Service } from '@kubernetes/client-node'
import { ZodError } from 'zod'
import { MeshproofError } from '#errors.ts'
import { crossNetworkPort } from '#istio/gateway.ts'
import { meshNetworksIn, type MeshNetworks } from '#istio/mesh-networks.ts'
import { outsideAddresses } from '#istio/service-address.ts'
import { knownGateways, type KnownGateway } from '#probes/istiod.ts'
import { meshMapOf } from '#probes/survey/mesh-config.ts'
import type { Survey, SurveyedCluster } from '#probes/survey/survey.ts'
import { networksOf } from '#topology/networks.ts'
import { primariesOf } from '#topology/roles.ts'

const hbonePort = 15008

/** A service that lets other networks in, the addresses or names it has, and the port to dial. */
export type GatewayService = {
  cluster: SurveyedCluster
  service: V1Service
  addresses: string[]
  port: number
  /** Whether istiod finds it by itself: by its label, or since meshNetworks names the service. */
  found: boolean
}

/** An address or name of meshNetworks. */
type Configured = { primary: SurveyedCluster; address: string; port: number }

/**
 * How a network is entered: its gateways’ services, the addresses that control planes are told in meshNetworks, and
 * those that they know, names resolved; `known` is undefined for a control plane that could not be asked.
 */
export type NetworkGateways = {
  network: string
  services: GatewayService[]
  configured: Configured[]
  known: { primary: SurveyedCluster; gateways: KnownGateway[] | undefined }[]
}

/** An address that clients of other networks are sent to, and where it comes from. */
export type Entrance = { network: string; address: string; port: number; origins: string[] }

/**
 * The gateways of every network: by label (what istiod finds by itself), by meshNetworks, and as the control planes
 * know them. Read once for a mesh, however many layers ask.
 */
export const networkGateways = (mesh: Survey): Promise<NetworkGateways[]> => {
  const before = readBefore.get(mesh)
  if (before) return before
  const reading = readGateways(mesh)
  readBefore.set(mesh, reading)
  return reading
}

const readBefore = new WeakMap<Survey, Promise<NetworkGateways[]>>()

const readGateways = async (mesh: Survey): Promise<NetworkGateways[]> => {
  const networks = networksOf(mesh)
  const perPrimary = await Promise.all(
    primariesOf(mesh).map(async (primary) => ({
      primary,
      networks: await configuredIn(primary),
      known: await knownTo(primary),
    })),
  )
  return Promise.all(
    networks.map(async (network) => {
      const written = perPrimary.flatMap(({ primary, networks: configuration }) =>
        (configuration[network]?.gateways ?? []).map((gateway) => ({ primary, ...gateway })),
      )
      const perCluster = await Promise.all(
        mesh.clusters
          .filter((cluster) => cluster.network === network)
          .map((cluster) => servicesIn(cluster, network, written)),
      )
      const named = [
        ...written.flatMap(({ address }) => address ?? []),
        ...perPrimary.flatMap(({ known }) =>
          (known ?? []).flatMap((gateway) => (gateway.network === network ? gateway.address : [])),
        ),
      ]
      return {
        network,
        services: gatewaysAmong(
          perCluster.flatMap((services) => forSidecars(services.map((gateway) => enteredAs(gateway, perPrimary)))),
          named,
        ),
        configured: written.flatMap(({ primary, address, port }) =>
          address === undefined ? [] : [{ primary, address, port }],
        ),
        known: perPrimary.map(({ primary, known }) => ({
          primary,
          gateways: known?.filter((gateway) => gateway.network === network),
        })),
      }
    }),
  )
}

/**
 * A gateway with the port at which control planes send others to it. Where meshNetworks names its address, the port
 * stands there, and the service’s label for it may say something else.
 */
export const enteredAs = (gateway: GatewayService, views: { known: KnownGateway[] | undefined }[]): GatewayService => {
  const ports = views
    .flatMap(({ known }) => known ?? [])
    .flatMap(({ address, port }) => (gateway.addresses.includes(address) ? port : []))
  const [first] = ports
  return first === undefined || ports.includes(gateway.port) ? gateway : { ...gateway, port: first }
}

type Written = { registryServiceName?: string | undefined }

const servicesIn = async (cluster: SurveyedCluster, network: string, written: Written[]): Promise<GatewayService[]> =>
  (await cluster.reads.services())
    .map((service) => ({ service, found: isFound(service, network, written) }))
    .filter(
      ({ service, found }) =>
        found || (written.length > 0 && service.spec?.ports?.some(({ port }) => port === crossNetworkPort)),
    )
    .map(({ service, found }) => ({
      cluster,
      service,
      found,
      addresses: outsideAddresses(service),
      port: Number(service.metadata?.labels?.['networking.istio.io/gatewayPort'] ?? crossNetworkPort),
    }))

/**
 * The services of one cluster that sidecars are sent to. Waypoints and gateways of ambient meshes have the label of a
 * network as well, and take HBONE alone; a gateway for users may have it. istiod leaves out what lacks the port. Where
 * every service lacks it, the cluster’s gateway has lost it.
 */
const forSidecars = (services: GatewayService[]): GatewayService[] => {
  const takes = (port: number, { service: { spec } }: GatewayService): boolean =>
    spec?.ports?.some((candidate) => candidate.port === port) ?? false
  const open = services.filter((gateway) => takes(gateway.port, gateway))
  return open.length > 0 ? open : services.filter((gateway) => !takes(hbonePort, gateway))
}

/**
 * The gateways among services with the port between networks: those that istiod finds and those whose addresses are
 * named; all of them where no service has a named address. A gateway for users may have that port as well.
 */
const gatewaysAmong = (services: GatewayService[], named: string[]): GatewayService[] => {
  const isNamed = ({ addresses }: GatewayService): boolean => addresses.some((address) => named.includes(address))
  return services.some((gateway) => !gateway.found && isNamed(gateway))
    ? services.filter((gateway) => gateway.found || isNamed(gateway))
    : services
}

const isFound = ({ metadata, spec }: V1Service, network: string, written: Written[]): boolean =>
  spec !== undefined &&
  (metadata?.labels?.['topology.istio.io/network'] === network ||
    written.some(({ registryServiceName }) =>
      registryServiceName?.startsWith(`${metadata?.name ?? ''}.${metadata?.namespace ?? ''}.`),
    ))

const configuredIn = async ({ reads }: SurveyedCluster): Promise<MeshNetworks> =>
  meshNetworksIn(await meshMapOf(reads, 'meshNetworks')) ?? {}

const knownTo = async (primary: SurveyedCluster): Promise<KnownGateway[] | undefined> => {
  try {
    return await knownGateways(primary)
  } catch (error) {
    if (error instanceof MeshproofError || error instanceof ZodError) return undefined
    throw error
  }
}

/** Whether a text that somebody wrote as an address may be dialled as a name: letters, digits, dots and hyphens. */
export const isHostName = (text: string): boolean => /^[a-z\d](?:[a-z\d.-]*[a-z\d])?\.?$/i.test(text)

/**
 * The entrances of a network, every address once: those that the control planes know, and those that stand in services
 * and meshNetworks. A name is an entrance only where no control plane could be asked what it resolves to.
 */
export const entrancesOf = ({ network, services, configured, known }: NetworkGateways): Entrance[] => {
  const places = [
    ...services
      .filter(({ found }) => found)
      .flatMap((gateway) =>
        gateway.addresses.map((address) => ({ address, port: gateway.port, origin: originOf(gateway, address) })),
      ),
    ...configured.map(({ primary, address, port }) => ({
      address,
      port,
      origin: `meshNetworks of ${primary.name}`,
    })),
    ...known.flatMap(({ primary, gateways }) =>
      (gateways ?? []).map(({ address, port }) => ({ address, port, origin: `istiod of ${primary.name}` })),
    ),
  ]
  const asked = known.some(({ gateways }) => gateways !== undefined)
  const usable = places.filter(({ address }) => isIP(address) !== 0 || (!asked && isHostName(address)))
  const byPlace = Map.groupBy(usable, ({ address, port }) => `${address} ${port}`)
  return [...byPlace.values()].flatMap((entrances) => {
    const [first] = entrances
    const origins = [...new Set(entrances.map(({ origin }) => origin))]
    // istiod repeats what stands elsewhere: it is named only where nothing else is.
    const written = origins.filter((origin) => !origin.startsWith('istiod of '))
    return first
      ? [{ network, address: first.address, port: first.port, origins: written.length > 0 ? written : origins }]
      : []
  })
}

/**
 * Where others enter one cluster of a network, as its control planes send them: at the gateways of that cluster, and
 * where none is known to be its, at those of the network. What services say counts where no control plane was asked.
 */
export const entrancesInto = (gateways: NetworkGateways, name: string): { address: string; port: number }[] => {
  const known = gateways.known.flatMap((view) => view.gateways ?? [])
  const standing = gateways.services.filter(({ found }) => found)
  const candidates: { address: string; port: number }[][] = [
    known.filter(({ cluster }) => cluster === name),
    known,
    standing
      .filter(({ cluster }) => cluster.name === name)
      .flatMap(({ addresses, port }) => addresses.map((address) => ({ address, port }))),
    entrancesOf(gateways),
  ]
  const entrances = candidates.find((places) => places.length > 0) ?? []
  const byPlace = new Map(entrances.map(({ address, port }) => [`${address} ${port}`, { address, port }]))
  return [...byPlace.values()]
}

/** The addresses of a network’s entrances. */
export const addressesInto = (gateways: NetworkGateways): string[] =>
  entrancesOf(gateways).map(({ address }) => address)

const originOf = ({ cluster, service }: GatewayService, address: string): string => {
  const { namespace = '', name = '' } = service.metadata ?? {}
  const part = service.spec?.externalIPs?.includes(address) ? 'externalIPs' : 'the status'
  return `${part} of service ${namespace}/${name} of ${cluster.name}`
}
