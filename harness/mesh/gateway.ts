import type { LabCluster } from '../lab/lab.ts'
import { serviceAddress } from './service-address.ts'

/** The service of a cluster's east-west gateway. */
export const gatewayService = { apiVersion: 'v1', kind: 'Service', name: 'istio-eastwestgateway', namespace: 'istio-system' }

/** The address that the load balancer gave a cluster's gateway, once it has one. @throws MeshproofError MP-401 after 60 s. */
export const gatewayAddress = (cluster: LabCluster, signal?: AbortSignal): Promise<string> => serviceAddress(cluster, 'gateway', gatewayService, signal)
