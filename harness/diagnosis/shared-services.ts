import type { V1Service } from '@kubernetes/client-node'
import type { Survey, SurveyedCluster } from '#survey/survey.ts'
import { addressesBehind } from './addresses.ts'

/**
 * A service as one cluster has it: `addresses` are those of its ready pods, `meshed` those of them that have a sidecar.
 */
export type ServiceIn = {
  cluster: SurveyedCluster
  service: V1Service | undefined
  addresses: string[]
  meshed: string[]
}

/** A service of one name and namespace, and each cluster’s part in it; `host` is what the mesh calls it. */
export type MeshService = { namespace: string; name: string; host: string; perCluster: ServiceIn[] }

/**
 * The services of namespaces that have sidecars, whichever clusters have them; those of Istio and Kubernetes themselves
 * are left out.
 */
export const meshServices = async ({ clusters, domain, istioNamespace }: Survey): Promise<MeshService[]> => {
  const all = await Promise.all(
    clusters.map(async (cluster) => ({
      cluster,
      services: await cluster.reads.services(),
      proxies: await cluster.reads.proxies(),
    })),
  )
  const meshed = new Set(all.flatMap(({ proxies }) => proxies.flatMap(({ metadata }) => metadata?.namespace ?? [])))
  const names = new Set(
    all.flatMap(({ services }) =>
      services.flatMap(({ metadata }) =>
        meshed.has(metadata?.namespace ?? '') && metadata?.namespace !== istioNamespace
          ? [`${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`]
          : [],
      ),
    ),
  )
  return Promise.all(
    [...names].sort().map(async (full) => {
      const [namespace = '', name = ''] = full.split('/')
      const perCluster = await Promise.all(
        all.map(async ({ cluster, services, proxies }) => {
          const addresses = await addressesBehind(cluster, namespace, name)
          const withProxy = new Set(proxies.flatMap(({ status }) => (status?.podIPs ?? []).map(({ ip }) => ip)))
          return {
            cluster,
            addresses,
            meshed: addresses.filter((address) => withProxy.has(address)),
            service: services.find(({ metadata }) => metadata?.namespace === namespace && metadata?.name === name),
          }
        }),
      )
      return { namespace, name, host: `${name}.${namespace}.svc.${domain}`, perCluster }
    }),
  )
}

/** The services that several clusters have and that have one address in each: what the mesh joins. */
export const sharedServices = async (mesh: Survey): Promise<MeshService[]> =>
  (await meshServices(mesh)).filter(({ perCluster }) => {
    const having = perCluster.flatMap(({ service }) => service ?? [])
    return having.length > 1 && !having.some(isHeadless)
  })

/** True for a service without an address of its own. */
export const isHeadless = ({ spec }: V1Service): boolean => spec?.clusterIP === 'None'

/** Ports in words that two services can be compared by. */
export const portsOf = ({ spec }: V1Service): string =>
  (spec?.ports ?? [])
    .map(({ name, port, protocol }) => `${name ?? ''}:${port}/${protocol ?? 'TCP'}`)
    .sort()
    .join(' ')
