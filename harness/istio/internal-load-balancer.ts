import type { Lab } from '#lab/lab.ts'
import { istiodHostOf } from '#topology/roles.ts'
import { istiodOf } from './revision.ts'
import { serviceAddress } from './service-address.ts'

/**
 * The address at which other clusters reach an istiod that a load balancer exposes (seed 003: services made internal
 * load balancers).
 * @throws MeshproofError MP-401 after 60 s.
 */
export const internalAddress = ({ primary, topology, cluster }: Lab, signal?: AbortSignal): Promise<string> =>
  serviceAddress(
    cluster(istiodHostOf(primary)),
    'internal load balancer of istiod',
    {
      apiVersion: 'v1',
      kind: 'Service',
      name: `${istiodOf(topology)}-internal`,
      namespace: topology.istioNamespace,
    },
    signal,
  )
