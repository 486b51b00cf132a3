import type { V1Deployment } from '@kubernetes/client-node'
import type { Manifest, Ref } from '#kube/client.ts'
import { type DeploymentRef, restart, settled } from '#kube/roll-out.ts'
import { until } from '#kube/until.ts'
import type { Lab, LabCluster } from '#lab/lab.ts'
import { gatewayName, gatewayService, writeOwnAddresses } from '#istio/gateway.ts'
import { procedures } from '#istio/procedures/index.ts'
import { istiodOf } from '#istio/revision.ts'
import { addressNow, serviceAddress } from '#istio/service-address.ts'
import { installRemote } from '#istio/shared-steps.ts'

const deploymentOf = ({ istioNamespace }: LabCluster): DeploymentRef => ({
  namespace: istioNamespace,
  name: gatewayName,
})

/** Scales every east-west gateway to so many replicas while `during` runs, and then back. */
export const withGatewayReplicas = async <T>(
  { clusters }: Lab,
  replicas: number,
  during: () => Promise<T>,
): Promise<T> => {
  const deployment = { apiVersion: 'apps/v1', kind: 'Deployment' }
  const before = await Promise.all(
    clusters.map((cluster) => cluster.kube.get<V1Deployment>({ ...deployment, ...deploymentOf(cluster) })),
  )
  const scale = (wanted: (index: number) => number): Promise<unknown> =>
    Promise.all(
      clusters.map(async (cluster, index) => {
        const gateway = deploymentOf(cluster)
        await cluster.kube.merge({ ...deployment, metadata: gateway, spec: { replicas: wanted(index) } })
        await settled(cluster, gateway, new AbortController().signal)
      }),
    )
  try {
    await scale(() => replicas)
    return await during()
  } finally {
    await scale((index) => before[index]?.spec?.replicas ?? 1)
  }
}

/**
 * Restarts every east-west gateway, one cluster after the other.
 * @throws MeshproofError MP-401 when a gateway is not ready within two minutes.
 */
export const restartGateways = async ({ clusters }: Lab, signal: AbortSignal): Promise<void> => {
  for (const cluster of clusters) await restart(cluster, [deploymentOf(cluster)], signal)
}

/** The service by whose load balancer’s address others reach a cluster; undefined where there is none. */
const addressedService = async ({ topology }: Lab, cluster: LabCluster): Promise<Ref | undefined> => {
  for (const name of [gatewayName, `${istiodOf(topology)}-internal`]) {
    const service = { ...gatewayService(cluster), name }
    if (await cluster.kube.get(service)) return service
  }
  return undefined
}

/**
 * Gives the service by which others reach a cluster another address: the last of the load balancer’s pool. Returns
 * both addresses and `back`, which restores the first. Undefined where others use no such address.
 * @throws MeshproofError MP-401 when the load balancer does not assign the address within 60 s.
 */
export const moveAddress = async (
  lab: Lab,
  cluster: LabCluster,
  signal: AbortSignal,
): Promise<{ from: string; to: string; back: () => Promise<void> } | undefined> => {
  const service = await addressedService(lab, cluster)
  if (!service) return undefined
  const from = await serviceAddress(cluster, service.name, service, signal)
  const pool = await cluster.kube.get<Manifest>({
    apiVersion: 'metallb.io/v1beta1',
    kind: 'IPAddressPool',
    name: 'meshproof',
    namespace: 'metallb-system',
  })
  const { addresses = [] } = (pool?.['spec'] ?? {}) as { addresses?: string[] }
  const to = addresses[0]?.split('-')[1] ?? ''
  const assign = async (address: string): Promise<void> => {
    const { apiVersion, kind, name, namespace = '' } = service
    await cluster.kube.merge({
      apiVersion,
      kind,
      metadata: { name, namespace, annotations: { 'metallb.io/loadBalancerIPs': address } },
    })
    await until(
      `${cluster.name}’s ${name} has the address ${address}`,
      async () => (await addressNow(cluster, service)) === address,
      { every: 150, within: 60_000 },
    )
  }
  await assign(to)
  return { from, to, back: () => assign(from) }
}

/**
 * Does what a topology’s documentation asks for after an address has changed. It writes the gateways’ addresses
 * into `meshNetworks` (seed 000), and installs the profile of remote clusters again with the address of their control
 * plane (`remotePilotAddress`). Gateways that are found by their label need nothing.
 */
export const followAddresses = async (lab: Lab, signal: AbortSignal): Promise<void> => {
  const { procedure } = lab.topology
  if (procedure === 'gateway') await writeOwnAddresses(lab, signal)
  const address = await procedures[procedure].discoveryAddress?.(lab, signal)
  if (address !== undefined)
    await Promise.all(
      lab.clusters.filter(({ role }) => role === 'remote').map((remote) => installRemote(lab, remote, address, signal)),
    )
}
