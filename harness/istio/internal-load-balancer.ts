import type { Lab } from '#lab/lab.ts'
import { istiodOf } from './revision.ts'
import { serviceAddress } from './service-address.ts'

/**
 * The address at which the other clusters of a flat network reach istiod (seed 003: services made internal load
 * balancers).
 * @throws MeshproofError MP-401 after 60 s.
 */
export const internalAddress = ({ primary, topology }: Lab, signal?: AbortSignal): Promise<string> =>
  serviceAddress(
    primary,
    'internal load balancer of istiod',
    {
      apiVersion: 'v1',
      kind: 'Service',
      name: `${istiodOf(topology)}-internal`,
      namespace: topology.istioNamespace,
    },
    signal,
  )
