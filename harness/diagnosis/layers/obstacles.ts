import type { V1Pod } from '@kubernetes/client-node'
import { clientPlace, type Client } from '#diagnosis/clients.ts'
import { filtersInWords } from '#diagnosis/envoy-filters.ts'
import { istioctl, kubectl, servedBy, type Finding } from '#diagnosis/layer.ts'
import { placeOf } from '#diagnosis/places.ts'
import type { MeshService } from '#diagnosis/shared-services.ts'
import { obstacleIn, type Obstacle } from '#diagnosis/told-clusters.ts'
import type { Manifest } from '#kube/client.ts'
import type { EnvoyCluster } from '#probes/envoy-clusters.ts'
import { meshMapOf } from '#probes/survey/mesh-config.ts'
import type { Survey, SurveyedCluster } from '#probes/survey/survey.ts'

/**
 * What in a client’s clusters of endpoints keeps its requests from the servers of services, and who put it there: the
 * rule that Istio names, a ServiceEntry of the same host, an EnvoyFilter, or the mesh config. `used` are the clusters
 * that its routes lead to.
 */
export const obstructed = async (
  mesh: Survey,
  client: Client,
  services: readonly MeshService[],
  told: readonly EnvoyCluster[],
  used: ReadonlySet<string>,
): Promise<Finding[]> => {
  const found = await Promise.all(
    services.filter(hasAddresses).map(async ({ host, perCluster }): Promise<Finding[]> => {
      const ports = perCluster.flatMap(({ service }) => (service?.spec?.ports ?? []).map(({ port }) => port))
      const whole = new Set(ports.map((port) => `outbound|${port}||${host}`))
      for (const cluster of told.filter(
        ({ name }) => whole.has(name) || (used.has(name) && name.endsWith(`|${host}`)),
      )) {
        const obstacle = obstacleIn(cluster)
        if (!obstacle) continue
        const reader = servedBy(mesh, client.cluster) ?? client.cluster
        const pods = await client.cluster.reads.podsIn(client.namespace)
        const own = pods.find(({ metadata }) => metadata?.name === client.pod)
        const maker = await makerOf(reader, own, host, cluster, obstacle)
        return [
          {
            code: obstacle.code,
            ...(obstacle.cause === undefined ? {} : { cause: obstacle.cause }),
            where: `${host} for clients of ${client.cluster.name}`,
            evidence: [
              `${cluster.name}: ${obstacle.line}`,
              ...maker.lines,
              `seen in the proxy of ${clientPlace(client)}`,
            ],
            fix: maker.fix,
            clusters: [client.cluster.name],
          },
        ]
      }
      return []
    }),
  )
  return found.flat()
}

/** A service of type ExternalName has no address, and is found by its name. */
const hasAddresses = ({ perCluster }: MeshService): boolean =>
  perCluster.every(({ service }) => service?.spec?.type !== 'ExternalName')

/** Who set what keeps requests from servers, in lines, and how to look at it. */
export type Maker = { kind: 'rule' | 'entry' | 'filter' | 'mesh' | 'unknown'; lines: string[]; fix: string }

/** Finds who set an obstacle of a pod’s proxy on its way to a host, in what a control plane reads. */
export const makerOf = async (
  reader: SurveyedCluster,
  pod: V1Pod | undefined,
  host: string,
  { madeBy }: Pick<EnvoyCluster, 'madeBy'>,
  { setBy }: Pick<Obstacle, 'setBy'>,
): Promise<Maker> => {
  const show = (object: Manifest, resource: string): string =>
    kubectl(reader, `-n ${object.metadata?.namespace ?? ''} get ${resource} ${object.metadata?.name ?? ''} -o yaml`)
  const says = (object: Manifest): boolean => setBy.test(JSON.stringify(object['spec'] ?? {}))
  const rule = (await reader.reads.istio('DestinationRule')).find(
    (object) => madeBy === `DestinationRule ${placeOf(object)}` && says(object),
  )
  if (rule) return { kind: 'rule', lines: [`${madeBy} says so`], fix: show(rule, 'destinationrule') }
  const entry = (await reader.reads.istio('ServiceEntry')).find(
    (object) => (object['spec'] as { hosts?: string[] } | undefined)?.hosts?.includes(host) && says(object),
  )
  if (entry)
    return {
      kind: 'entry',
      lines: [`ServiceEntry ${placeOf(entry)} defines the same host`],
      fix: show(entry, 'serviceentry'),
    }
  const filters = await filtersInWords(reader, pod)
  if (filters.length > 0)
    return { kind: 'filter', lines: filters, fix: kubectl(reader, 'get envoyfilters -A -o yaml   # applyTo: CLUSTER') }
  if (setBy.test((await meshMapOf(reader.reads, 'mesh'))?.data?.['mesh'] ?? ''))
    return {
      kind: 'mesh',
      lines: [`the mesh config of ${reader.name} says so for all services`],
      fix: kubectl(reader, `-n ${reader.istioNamespace} edit configmap istio`),
    }
  const { namespace = '', name = '' } = pod?.metadata ?? {}
  return {
    kind: 'unknown',
    lines: [],
    fix: istioctl(reader, `-n ${namespace} proxy-config clusters ${name} --fqdn ${host} -o json`),
  }
}
