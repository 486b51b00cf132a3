import ipaddr from 'ipaddr.js'
import type { V1ConfigMap } from '@kubernetes/client-node'
import { z } from 'zod'
import { MeshproofError } from '#errors.ts'
import type { Lab } from '#lab/lab.ts'

const Values = z.object({ global: z.object({ proxy: z.object({ includeIPRanges: z.string() }) }) })

/**
 * Reads from the injector's configuration which outbound ranges sidecars intercept, and requires that they include the
 * pod and service ranges of every cluster (seed 003: `*`, or all of them).
 * @throws MeshproofError MP-511 when a range is left out: requests to it would bypass the mesh.
 */
export const requireInterception = async ({ primary, clusters }: Lab): Promise<void> => {
  const map = await primary.kube.get<V1ConfigMap>({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    name: 'istio-sidecar-injector',
    namespace: primary.istioNamespace,
  })
  const values = Values.safeParse(JSON.parse(map?.data?.['values'] ?? '{}'))
  const included = values.data?.global.proxy.includeIPRanges ?? ''
  const missing = clusters
    .flatMap(({ podCidr, serviceCidr }) => [podCidr, serviceCidr])
    .filter((range) => !includes(included, range))
  if (missing.length === 0) return
  throw new MeshproofError('MP-511', {
    what: 'Sidecars do not intercept every range of the mesh',
    where: `${missing.join(', ')}, beside ${included || 'nothing that could be read'}`,
    next: 'Set global.proxy.includeIPRanges to * or to the pod and service ranges of all clusters.',
  })
}

/** True when a list of ranges, or `*`, holds a range whole. */
export const includes = (list: string, range: string): boolean => {
  const [address, bits] = ipaddr.IPv4.parseCIDR(range)
  return list
    .split(',')
    .map((part) => part.trim())
    .some((part) => {
      if (part === '*') return true
      if (!ipaddr.IPv4.isValidCIDR(part)) return false
      const [outer, outerBits] = ipaddr.IPv4.parseCIDR(part)
      return outerBits <= bits && address.match(outer, outerBits)
    })
}
