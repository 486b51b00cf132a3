import type { V1Service } from '@kubernetes/client-node'
import { until } from '../kube/until.ts'
import type { LabCluster } from '../lab/lab.ts'

/**
 * The address at which the other clusters of a flat network reach istiod (seed 003: services made internal load balancers).
 * @throws MeshproofError MP-401 after 60 s.
 */
export const internalAddress = (primary: LabCluster, signal?: AbortSignal): Promise<string> =>
  until(`${primary.name}’s internal load balancer of istiod has an address`, async () => {
    const service = await primary.kube.get<V1Service>({ apiVersion: 'v1', kind: 'Service', name: 'istiod-internal', namespace: 'istio-system' })
    return service?.status?.loadBalancer?.ingress?.[0]?.ip
  }, { every: 150, within: 60_000, signal })
