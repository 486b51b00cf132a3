import type { V1Service } from '@kubernetes/client-node'
import { until } from '../kube/until.ts'
import type { LabCluster } from '../lab/lab.ts'

/** The service of a cluster's east-west gateway. */
export const gatewayService = { apiVersion: 'v1', kind: 'Service', name: 'istio-eastwestgateway', namespace: 'istio-system' }

/** The address that the load balancer gave a cluster's gateway, once it has one. @throws MeshproofError MP-401 after 60 s. */
export const gatewayAddress = (cluster: LabCluster, signal?: AbortSignal): Promise<string> =>
  until(`${cluster.name}’s gateway has an address`, async () => {
    const service = await cluster.kube.get<V1Service>(gatewayService)
    return service?.status?.loadBalancer?.ingress?.[0]?.ip
  }, { every: 150, within: 60_000, signal })
