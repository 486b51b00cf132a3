import type { V1Service } from '@kubernetes/client-node'
import type { Survey, SurveyedCluster } from '#survey/survey.ts'
import { meshNetworksIn } from '#istio/mesh-networks.ts'
import { outsideAddresses } from '#istio/service-address.ts'
import { networksOf } from '#topology/networks.ts'
import { primariesOf } from '#topology/roles.ts'

const crossNetworkPort = 15443

/** A service that lets other networks in, the addresses it has, and the port to dial. */
export type GatewayService = { cluster: SurveyedCluster; service: V1Service; addresses: string[]; port: number }

/**
 * How a network is entered: its gateways’ services, and the addresses that control planes are told in meshNetworks.
 */
export type NetworkGateways = {
  network: string
  services: GatewayService[]
  configured: { primary: SurveyedCluster; address: string; port: number }[]
}

/** The gateways of every network, by label (what istiod finds by itself) and by meshNetworks. */
export const networkGateways = async (mesh: Survey): Promise<NetworkGateways[]> => {
  const networks = networksOf(mesh)
  const configured = await Promise.all(
    primariesOf(mesh).map(async (primary) => ({
      primary,
      networks: meshNetworksIn(await primary.reads.configMap('istio')) ?? {},
    })),
  )
  return Promise.all(
    networks.map(async (network) => {
      const told = configured.flatMap(({ primary, networks: its }) =>
        (its[network]?.gateways ?? []).map((gateway) => ({ primary, ...gateway })),
      )
      const perCluster = await Promise.all(
        mesh.clusters
          .filter((cluster) => cluster.network === network)
          .map(async (cluster) =>
            (await cluster.reads.services())
              .filter(
                (service) =>
                  lets(
                    service,
                    network,
                    told.map(({ registryServiceName }) => registryServiceName),
                  ) ||
                  (told.length > 0 && service.spec?.ports?.some(({ port }) => port === crossNetworkPort)),
              )
              .map((service): GatewayService => ({
                cluster,
                service,
                addresses: outsideAddresses(service),
                port: Number(service.metadata?.labels?.['networking.istio.io/gatewayPort'] ?? crossNetworkPort),
              })),
          ),
      )
      return {
        network,
        services: perCluster.flat(),
        configured: told.flatMap(({ primary, address, port }) =>
          address === undefined ? [] : [{ primary, address, port }],
        ),
      }
    }),
  )
}

/**
 * Where clients of other networks are sent for one: what meshNetworks names, else what its gateways’ services have.
 */
export const entrancesOf = ({ services, configured }: NetworkGateways): string[] =>
  configured.length > 0 ? configured.map(({ address }) => address) : services.flatMap(({ addresses }) => addresses)

const lets = ({ metadata, spec }: V1Service, network: string, registered: (string | undefined)[]): boolean =>
  spec !== undefined &&
  (metadata?.labels?.['topology.istio.io/network'] === network ||
    registered.some((name) => name?.startsWith(`${metadata?.name ?? ''}.${metadata?.namespace ?? ''}.`)))
