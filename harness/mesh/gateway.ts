import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { V1Service } from '@kubernetes/client-node'
import { manifestsOf, type Manifest } from '../kube/client.ts'
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

/** A manifest of fixtures/, its `${…}` filled in. */
export const fixture = async (path: string, values: Record<string, string> = {}): Promise<Manifest[]> => {
  const text = await readFile(join(import.meta.dirname, '../../fixtures', path), 'utf8')
  return manifestsOf(text.replaceAll(/\$\{([a-z]+)\}/g, (_, name: string) => {
    const value = values[name]
    if (value === undefined) throw new Error(`fixtures/${path} needs a value for ${name}`)
    return value
  }))
}
