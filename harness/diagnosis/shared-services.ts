import type { V1EndpointSlice, V1Pod, V1Service, V1ServicePort } from '@kubernetes/client-node'
import { deliberateLabel } from '#engine/labels.ts'
import { readyAddresses } from '#kube/endpoint-slices.ts'
import type { Survey, SurveyedCluster } from '#probes/survey/survey.ts'
import { selects } from './selects.ts'

/**
 * A service as one cluster has it: `addresses` are those of its ready pods, `meshed` those of them that have a sidecar.
 */
export type ServiceIn = {
  cluster: SurveyedCluster
  service: V1Service | undefined
  addresses: string[]
  meshed: string[]
  /**
   * Addresses that belong to the service: of all pods that it selects, ready or not; where it selects none, those that
   * somebody wrote down for it.
   */
  pods: string[]
}

/** A service of one name and namespace, and each cluster’s part in it; `host` is what the mesh calls it. */
export type MeshService = { namespace: string; name: string; host: string; perCluster: ServiceIn[] }

/**
 * The services of namespaces that have sidecars, whichever clusters have them; those of Istio and Kubernetes themselves
 * are left out, and those that a check made as nobody should. Read once for a mesh, however many layers ask.
 */
export const meshServices = (mesh: Survey): Promise<MeshService[]> => {
  const before = readBefore.get(mesh)
  if (before) return before
  const reading = readServices(mesh)
  readBefore.set(mesh, reading)
  return reading
}

const readBefore = new WeakMap<Survey, Promise<MeshService[]>>()

const readServices = async ({ clusters, domain, istioNamespace }: Survey): Promise<MeshService[]> => {
  const inClusters = await Promise.all(clusters.map(indexed))
  const meshed = new Set(inClusters.flatMap(({ namespaces }) => [...namespaces]))
  const names = new Set(
    inClusters.flatMap(({ services }) =>
      [...services.values()].flatMap(({ metadata }) =>
        meshed.has(metadata?.namespace ?? '') &&
        metadata?.namespace !== istioNamespace &&
        metadata?.labels?.[deliberateLabel] === undefined
          ? [keyOf(metadata)]
          : [],
      ),
    ),
  )
  return [...names].sort().map((key) => {
    const [namespace = '', name = ''] = key.split('/')
    const perCluster = inClusters.map(({ cluster, services, slices, withProxy, pods }): ServiceIn => {
      const addresses = [...new Set(readyAddresses(slices.get(key) ?? []))].sort()
      const service = services.get(key)
      const selected = service
        ? (pods.get(namespace) ?? []).filter(({ metadata }) => selects(service, metadata?.labels))
        : []
      return {
        cluster,
        service,
        addresses,
        meshed: addresses.filter((address) => withProxy.has(address)),
        // A service that selects its pods has the slices of Kubernetes; one that selects none has those of its owner.
        pods: service?.spec?.selector ? addressesOf(selected) : addresses,
      }
    })
    return { namespace, name, host: `${name}.${namespace}.svc.${domain}`, perCluster }
  })
}

/** What one cluster has, by the keys that services are looked up with. */
const indexed = async (
  cluster: SurveyedCluster,
): Promise<{
  cluster: SurveyedCluster
  namespaces: Set<string>
  services: Map<string, V1Service>
  slices: Map<string, V1EndpointSlice[]>
  pods: Map<string, V1Pod[]>
  withProxy: Set<string>
}> => {
  const { reads } = cluster
  const [services, slices, pods, proxies] = await Promise.all([
    reads.services(),
    reads.slices(),
    reads.pods(),
    reads.proxies(),
  ])
  return {
    cluster,
    namespaces: new Set(proxies.flatMap(({ metadata }) => metadata?.namespace ?? [])),
    services: new Map(services.map((service) => [keyOf(service.metadata), service])),
    slices: Map.groupBy(
      slices,
      ({ metadata }) => `${metadata?.namespace ?? ''}/${metadata?.labels?.['kubernetes.io/service-name'] ?? ''}`,
    ),
    pods: Map.groupBy(pods, ({ metadata }) => metadata?.namespace ?? ''),
    withProxy: new Set(addressesOf(proxies)),
  }
}

const keyOf = (metadata: { namespace?: string; name?: string } | undefined): string =>
  `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`

const addressesOf = (pods: V1Pod[]): string[] =>
  pods.flatMap(({ status }) => (status?.podIPs ?? []).map(({ ip }) => ip))

/** The services that several clusters have and that have one address in each: what the mesh joins. */
export const sharedServices = async (mesh: Survey): Promise<MeshService[]> =>
  (await meshServices(mesh)).filter(({ perCluster }) => {
    const having = perCluster.flatMap(({ service }) => service ?? [])
    return having.length > 1 && !having.some(isHeadless)
  })

/** True for a service without an address of its own. */
export const isHeadless = ({ spec }: V1Service): boolean => spec?.clusterIP === 'None'

/**
 * Whether two services disagree about their ports: about the name, number or protocol of one, or they have none in
 * common. A port that only one of them has is no disagreement.
 */
export const portsDiffer = (first: V1Service, second: V1Service): boolean => {
  const [own, theirs] = [first, second].map(({ spec }) => spec?.ports ?? [])
  const pairs = (own ?? []).flatMap((port) =>
    (theirs ?? [])
      .filter((other) => isAt(port, other) || (port.name !== undefined && other.name === port.name))
      .map((other) => isAt(port, other) && (port.name ?? '') === (other.name ?? '')),
  )
  return portsOf(first) !== portsOf(second) && (pairs.includes(false) || !pairs.includes(true))
}

const isAt = (port: V1ServicePort, other: V1ServicePort): boolean =>
  port.port === other.port && (port.protocol ?? 'TCP') === (other.protocol ?? 'TCP')

/** Ports in words that two services can be compared by. */
export const portsOf = ({ spec }: V1Service): string =>
  (spec?.ports ?? [])
    .map(({ name, port, protocol }) => `${name ?? ''}:${port}/${protocol ?? 'TCP'}`)
    .sort()
    .join(' ')
