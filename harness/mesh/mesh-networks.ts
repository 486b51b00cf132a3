import type { V1ConfigMap } from '@kubernetes/client-node'
import { parse, stringify } from 'yaml'
import { z } from 'zod'
import { MeshproofError } from '../errors.ts'
import type { LabCluster } from '../lab/lab.ts'

const MeshNetworks = z.object({
  networks: z.record(z.string(), z.object({
    endpoints: z.array(z.object({ fromRegistry: z.string() })),
    gateways: z.array(z.object({ address: z.string(), port: z.number() })),
  })),
})

/** The `meshNetworks` key of config map `istio`: which clusters are on which network, and where each network is entered. */
export type MeshNetworks = z.infer<typeof MeshNetworks>

/** What a network's gateway address is before it is known (seed 000). */
export const placeholder = '0.0.0.0'

type At = Pick<LabCluster, 'name' | 'kube'>

const configMap = { apiVersion: 'v1', kind: 'ConfigMap', name: 'istio', namespace: 'istio-system' }

/** The `meshNetworks` of an install, every gateway still the placeholder. */
export const placeholderNetworks = (clusters: LabCluster[]): MeshNetworks['networks'] =>
  Object.fromEntries(clusters.map(({ network }) => [network, {
    endpoints: clusters.filter((cluster) => cluster.network === network).map(({ name }) => ({ fromRegistry: name })),
    gateways: [{ address: placeholder, port: 15443 }],
  }]))

/** Reads what the control plane is configured with. @throws MeshproofError MP-510 when it is not there or not understood. */
const readMeshNetworks = async (primary: At): Promise<MeshNetworks> => {
  const map = await primary.kube.get<V1ConfigMap>(configMap)
  const parsed = MeshNetworks.safeParse(parse(map?.data?.['meshNetworks'] ?? ''))
  if (parsed.success) return parsed.data
  throw new MeshproofError('MP-510', {
    what: 'The mesh has no meshNetworks that could be read', where: `config map istio of ${primary.name}`, next: 'kubectl -n istio-system get configmap istio -o yaml',
  })
}

/** The gateways' addresses that the control plane is configured with, by network. @throws MeshproofError MP-510 */
export const readGatewayAddresses = async (primary: At): Promise<Record<string, string>> => {
  const { networks } = await readMeshNetworks(primary)
  return Object.fromEntries(Object.entries(networks).map(([network, { gateways }]) => [network, gateways[0]?.address ?? '']))
}

/** Writes the gateways' addresses, by network, and leaves the rest of the config map as it is; istiod notices by itself. */
export const writeGatewayAddresses = async (primary: At, addresses: Record<string, string>): Promise<void> => {
  const { networks } = await readMeshNetworks(primary)
  for (const [network, address] of Object.entries(addresses)) {
    for (const gateway of networks[network]?.gateways ?? []) gateway.address = address
  }
  await primary.kube.apply([{ ...objectOf(configMap), data: { meshNetworks: stringify({ networks }) } }])
}

const objectOf = ({ apiVersion, kind, name, namespace }: typeof configMap): { apiVersion: string; kind: string; metadata: { name: string; namespace: string } } =>
  ({ apiVersion, kind, metadata: { name, namespace } })
