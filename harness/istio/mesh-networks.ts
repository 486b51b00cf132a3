import type { V1ConfigMap } from '@kubernetes/client-node'
import { parse, stringify } from 'yaml'
import { z } from 'zod'
import { MeshproofError } from '#errors.ts'
import type { LabCluster } from '#lab/lab.ts'

const Endpoint = z.looseObject({ fromRegistry: z.string().optional(), fromCidr: z.string().optional() })

const Gateway = z.looseObject({
  address: z.string().optional(),
  registryServiceName: z.string().optional(),
  port: z.number().default(15443),
})

const Network = z.looseObject({ endpoints: z.array(Endpoint).nullish(), gateways: z.array(Gateway).nullish() })

const MeshNetworks = z.object({ networks: z.record(z.string(), Network.nullable()) })

/**
 * The `meshNetworks` key of config map `istio`: which clusters are on which network, and where each network is entered.
 */
export type MeshNetworks = z.infer<typeof MeshNetworks>['networks']

/** The `meshNetworks` of a control plane’s config map; undefined where it has none, or none that can be read. */
export const meshNetworksIn = (map: V1ConfigMap | undefined): MeshNetworks | undefined => {
  try {
    return MeshNetworks.safeParse(parse(map?.data?.['meshNetworks'] ?? '')).data?.networks
  } catch {
    return undefined
  }
}

/** What a network's gateway address is before it is known (seed 000). */
export const placeholder = '0.0.0.0'

type At = Pick<LabCluster, 'name' | 'kube' | 'istioNamespace'>

/** The `meshNetworks` of an install, every gateway still the placeholder whose address is not known. */
export const meshNetworksOf = (clusters: LabCluster[], addresses: Record<string, string> = {}): MeshNetworks =>
  Object.fromEntries(
    clusters.map(({ network }) => [
      network,
      {
        endpoints: clusters
          .filter((cluster) => cluster.network === network)
          .map(({ name }) => ({ fromRegistry: name })),
        gateways: [{ address: addresses[network] ?? placeholder, port: 15443 }],
      },
    ]),
  )

/** Every control plane’s: the config map is called `istio`, and `istio-` and its revision where it has one. */
const configured = async ({ kube, istioNamespace }: At): Promise<{ name: string; networks: MeshNetworks }[]> => {
  const maps = await kube.list<V1ConfigMap>({ apiVersion: 'v1', kind: 'ConfigMap', namespace: istioNamespace })
  return maps.flatMap((map) => {
    const networks = meshNetworksIn(map)
    return networks ? [{ name: map.metadata?.name ?? '', networks }] : []
  })
}

/**
 * The gateways’ addresses that a control plane was configured with so far, by network: none before it is installed.
 */
export const gatewayAddressesSoFar = async (primary: At): Promise<Record<string, string>> => {
  const networks = (await configured(primary))[0]?.networks ?? {}
  return Object.fromEntries(
    Object.entries(networks).map(([network, entrance]) => [network, entrance?.gateways?.[0]?.address ?? '']),
  )
}

/**
 * The gateways' addresses that the control plane is configured with, by network.
 * @throws MeshproofError MP-510 when there are none to be read.
 */
export const readGatewayAddresses = async (primary: At): Promise<Record<string, string>> => {
  const addresses = await gatewayAddressesSoFar(primary)
  if (Object.keys(addresses).length > 0) return addresses
  throw new MeshproofError('MP-510', {
    what: 'The mesh has no meshNetworks that could be read',
    where: `config map istio of ${primary.name}`,
    next: `kubectl -n ${primary.istioNamespace} get configmap istio -o yaml`,
  })
}

/**
 * Writes the gateways' addresses, by network, and leaves the rest of the config maps as it is; istiod notices by
 * itself.
 */
export const writeGatewayAddresses = async (primary: At, addresses: Record<string, string>): Promise<void> => {
  for (const { name, networks } of await configured(primary)) {
    for (const [network, address] of Object.entries(addresses)) {
      for (const gateway of networks[network]?.gateways ?? []) gateway.address = address
    }
    await primary.kube.apply([
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name, namespace: primary.istioNamespace },
        data: { meshNetworks: stringify({ networks }) },
      },
    ])
  }
}
