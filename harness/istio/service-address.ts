import type { V1Service } from '@kubernetes/client-node'
import type { Ref } from '#kube/client.ts'
import { until } from '#kube/until.ts'
import type { LabCluster } from '#lab/lab.ts'

/** The address that the load balancer gave a service; undefined while it has none. */
export const addressNow = async ({ kube }: Pick<LabCluster, 'kube'>, service: Ref): Promise<string | undefined> =>
  addressOf(await kube.get<V1Service>(service))

/** The address that the load balancer gave a service that was read before; undefined while it has none. */
export const addressOf = (service: V1Service | undefined): string | undefined =>
  service?.status?.loadBalancer?.ingress?.[0]?.ip

/** Every address and name at which a service can be reached from outside of its cluster. */
export const outsideAddresses = ({ spec, status }: V1Service): string[] => [
  ...(status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }) => ip ?? hostname ?? []),
  ...(spec?.externalIPs ?? []),
]

/**
 * The address that the load balancer gave a service, once it has one. An error calls the service `what`.
 * @throws MeshproofError MP-401 after 60 s.
 */
export const serviceAddress = (
  cluster: LabCluster,
  what: string,
  service: Ref,
  signal?: AbortSignal,
): Promise<string> =>
  until(`${cluster.name}’s ${what} has an address`, () => addressNow(cluster, service), {
    every: 150,
    within: 60_000,
    signal,
  })
