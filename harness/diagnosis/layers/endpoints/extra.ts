import type { V1EndpointSlice } from '@kubernetes/client-node'
import { z } from 'zod'
import { type Finding, kubectl, servedBy } from '#diagnosis/layer.ts'
import { addressesInto, type NetworkGateways } from '#diagnosis/network-gateways.ts'
import type { MeshService } from '#diagnosis/shared-services.ts'
import { vantageIn } from '#diagnosis/vantage.ts'
import { dial } from '#probes/dial.ts'
import type { Endpoint } from '#probes/envoy.ts'
import type { Survey, SurveyedCluster } from '#probes/survey/survey.ts'

const ServiceEntry = z.object({
  hosts: z.array(z.string()).default([]),
  endpoints: z.array(z.object({ address: z.string().default('') })).default([]),
  workloadSelector: z.unknown().optional(),
})
const WorkloadEntry = z.object({ address: z.string().default('') })

/** How many addresses are shown. */
const shown = 5

/**
 * Addresses that a client holds for a service and that are neither a pod’s nor a gateway’s, each with its origin: a
 * ServiceEntry of the same host, a WorkloadEntry, or a slice that somebody wrote by hand.
 */
export const unexplainedEndpoints = async (
  mesh: Survey,
  { cluster, client }: { cluster: SurveyedCluster; client: string },
  service: MeshService,
  held: ReadonlyMap<string, Endpoint[]>,
  gateways: NetworkGateways[],
): Promise<Finding[]> => {
  const due = new Set([...service.perCluster.flatMap(({ pods }) => pods), ...gateways.flatMap(addressesInto)])
  const strange = new Map(
    [...held.entries()]
      .filter(([name]) => name.startsWith('outbound|') && name.endsWith(`||${service.host}`))
      .flatMap(([, endpoints]) => endpoints.map((endpoint) => [endpoint.address, endpoint] as const))
      .filter(([address]) => !due.has(address)),
  )
  if (strange.size === 0) return []
  const origins = await Promise.all([...strange.values()].map((endpoint) => originOf(mesh, cluster, service, endpoint)))
  const known = origins.flatMap((origin) => origin ?? [])
  // An address without an origin is that of a pod that came or went during the look.
  if (known.length === 0) return []
  return [
    {
      code: 'MP-805',
      where: `${service.host} for ${client}`,
      evidence: [
        ...known.slice(0, shown).map(({ line }) => line),
        ...(known.length > shown ? [`and ${known.length - shown} more addresses`] : []),
      ],
      fix: known[0]?.fix ?? '',
      clusters: [cluster.name],
    },
  ]
}

type Origin = { line: string; fix: string }

const originOf = async (
  mesh: Survey,
  client: SurveyedCluster,
  service: MeshService,
  { address, port }: Endpoint,
): Promise<Origin | undefined> => {
  const reader = servedBy(mesh, client)
  const [entries, workloads] = await Promise.all([
    reader?.reads.istio('ServiceEntry') ?? [],
    reader?.reads.istio('WorkloadEntry') ?? [],
  ])
  const entry = entries.find((object) => {
    const spec = ServiceEntry.safeParse(object['spec']).data
    return spec?.hosts.includes(service.host) && spec.endpoints.some((endpoint) => endpoint.address === address)
  })
  if (reader && entry) return origin(reader, 'ServiceEntry', entry.metadata, address)
  const workload = workloads.find((object) => WorkloadEntry.safeParse(object['spec']).data?.address === address)
  if (reader && workload) {
    const answer = await answerOf(client, address, port)
    // A machine outside that a service selects and that answers is a server like any other.
    return answer === undefined || answer === 'open'
      ? undefined
      : origin(reader, 'WorkloadEntry', workload.metadata, address, answer)
  }
  for (const cluster of mesh.clusters) {
    const slice = (await cluster.reads.slices()).find((candidate) => isByHand(candidate, service, address))
    if (slice) return origin(cluster, 'EndpointSlice', slice.metadata, address)
  }
  return undefined
}

const origin = (
  cluster: SurveyedCluster,
  kind: string,
  metadata: { namespace?: string; name?: string } | undefined,
  address: string,
  answer?: string,
): Origin => {
  const { namespace = '', name = '' } = metadata ?? {}
  return {
    line:
      `${address} comes from ${kind} ${namespace}/${name} of ${cluster.name}` +
      (answer === undefined ? '' : ` and does not answer: ${answer}`),
    fix: kubectl(cluster, `-n ${namespace} get ${kind.toLowerCase()} ${name} -o yaml`),
  }
}

/** What a cluster’s pods hear from an address; undefined where none can dial. */
const answerOf = async (cluster: SurveyedCluster, address: string, port: number): Promise<string | undefined> => {
  const vantage = await vantageIn(cluster).catch(() => undefined)
  if (!vantage) return undefined
  const { open, said } = await dial(vantage, address, port)
  return open ? 'open' : said
}

/** Kubernetes says of the slices it makes who manages them. */
const isByHand = ({ metadata, endpoints }: V1EndpointSlice, service: MeshService, address: string): boolean =>
  metadata?.namespace === service.namespace &&
  metadata.labels?.['kubernetes.io/service-name'] === service.name &&
  metadata.labels['endpointslice.kubernetes.io/managed-by'] !== 'endpointslice-controller.k8s.io' &&
  (endpoints ?? []).some(({ addresses }) => addresses.includes(address))
