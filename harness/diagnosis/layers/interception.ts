import type { V1Pod } from '@kubernetes/client-node'
import { z } from 'zod'
import { portBehind } from '#diagnosis/addresses.ts'
import { kubectl, servedBy, type Finding, type Layer } from '#diagnosis/layer.ts'
import { onceEach } from '#diagnosis/once-each.ts'
import { placeOf } from '#diagnosis/places.ts'
import { sharedServices, type MeshService } from '#diagnosis/shared-services.ts'
import { interceptionOf, isIstios, notTakenInbound, notTakenOutbound, runsAsSidecar } from '#istio/intercepted.ts'
import { isSidecar } from '#istio/proxy-container.ts'
import type { Manifest } from '#kube/client.ts'
import type { Survey, SurveyedCluster } from '#probes/survey/survey.ts'
import { primariesOf } from '#topology/roles.ts'

/**
 * Sidecars take what clients send to shared services and what their servers get: no annotation, range or Sidecar takes
 * a port out of their hands.
 */
export const interception: Layer = {
  name: 'interception',
  look: async (mesh) => {
    const services = await sharedServices(mesh)
    const perCluster = await Promise.all(
      mesh.clusters.map(async (cluster) => {
        const pods = (await cluster.reads.proxies()).filter(isSidecar)
        const around = aroundClients(cluster, pods, services)
        return {
          findings: [
            ...around.flatMap(({ finding }) => finding ?? []),
            ...(await aroundServers(cluster, pods, services)),
            ...(await closedBySidecar(mesh, cluster, pods, services)),
          ],
          others: around.flatMap(({ others }) => others),
        }
      }),
    )
    return {
      findings: onceEach(perCluster.flatMap(({ findings }) => findings)),
      seen: `sidecars take the ports of ${services.length} shared services`,
      notes: [...aroundNote(perCluster.flatMap(({ others }) => others)), ...(await answeringFilters(mesh))],
    }
  },
}

const EnvoyFilter = z.object({
  configPatches: z
    .array(
      z.object({
        applyTo: z.string().default(''),
        patch: z.object({ operation: z.string().default(''), value: z.object({ name: z.string() }).loose() }),
      }),
    )
    .default([]),
})

/** Filters of Envoy that answer requests in the place of a server. A script does so where it responds. */
const answering = /ratelimit|\.fault$|ext_authz|\.rbac$|\.lua$/

/** EnvoyFilters that add such filters: what they answer cannot be judged by reading. */
const answeringFilters = async (mesh: Survey): Promise<string[]> => {
  const perPrimary = await Promise.all(
    primariesOf(mesh).map(async (primary) =>
      (await primary.reads.istio('EnvoyFilter').catch((): Manifest[] => [])).flatMap((object) => {
        const added = (EnvoyFilter.safeParse(object['spec']).data?.configPatches ?? [])
          .filter(({ patch }) => /^(?:INSERT|ADD|REPLACE)/.test(patch.operation))
          .map(({ patch }) => patch.value)
          .filter((value) => answering.test(value.name) && (!value.name.endsWith('.lua') || responds(value)))
        return added.length === 0 ? [] : [`${placeOf(object)} (${added.map(({ name }) => name).join(', ')})`]
      }),
    ),
  )
  const filters = [...new Set(perPrimary.flat())]
  return filters.length === 0
    ? []
    : [`EnvoyFilters add filters that may answer requests themselves, which was not judged: ${filters.join('; ')}`]
}

const responds = (value: object): boolean => /:respond\b/.test(JSON.stringify(value))

const describe = (cluster: SurveyedCluster, { metadata }: V1Pod): string =>
  kubectl(cluster, `-n ${metadata?.namespace ?? ''} get pod ${metadata?.name ?? ''} -o yaml`)

/** How many pods are named that are meant to go around their sidecars. */
const named = 3

const aroundNote = (lines: string[]): string[] => {
  const more = lines.length > named ? ` and ${lines.length - named} more` : ''
  return lines.length === 0
    ? []
    : [`these go around their sidecars, to services of other namespaces: ${lines.slice(0, named).join('; ')}${more}`]
}

/**
 * Pods whose requests to a shared service go around their sidecar, one finding for a service. Of another namespace’s
 * service it is not known that a pod calls it, and a port number may be meant for something else: these are `others`.
 */
const aroundClients = (
  cluster: SurveyedCluster,
  pods: V1Pod[],
  services: MeshService[],
): { finding?: Finding; others: string[] }[] =>
  services.map((service) => {
    const own = service.perCluster.find((part) => part.cluster === cluster)?.service
    const address = own?.spec?.clusterIP
    if (!own || address === undefined || !service.perCluster.some(({ meshed }) => meshed.length > 0))
      return { others: [] }
    const around = pods.flatMap((pod) => {
      const taken = interceptionOf(pod)
      const container = runsAsSidecar(pod)
      if (container) return [{ pod, why: `container ${container} runs as user 1337, the sidecar’s own` }]
      const why = (own.spec?.ports ?? [])
        .map(({ port }) => notTakenOutbound(taken, address, port))
        .find((reason) => reason !== undefined)
      return why === undefined ? [] : [{ pod, why: `${why}, by ${taken.from}` }]
    })
    const lineOf = ({ pod, why }: (typeof around)[number]): string => `${placeOf(pod)} to ${service.host}: ${why}`
    const near = around.filter(({ pod }) => pod.metadata?.namespace === service.namespace)
    const others = around.filter((other) => !near.includes(other))
    const [first] = near
    const finding = first && {
      code: 'MP-981' as const,
      where: `${cluster.name} ${placeOf(first.pod)}`,
      evidence: [...near.slice(0, 3).map(lineOf), ...(near.length > 3 ? [`and ${near.length - 3} more pods`] : [])],
      fix: describe(cluster, first.pod),
      clusters: [cluster.name],
    }
    return { ...(finding ? { finding } : {}), others: others.map(lineOf) }
  })

/** Servers of a shared service whose port comes in beside their sidecar. */
const aroundServers = async (cluster: SurveyedCluster, pods: V1Pod[], services: MeshService[]): Promise<Finding[]> => {
  const perService = await Promise.all(
    services.map(async (service) => {
      const part = service.perCluster.find((candidate) => candidate.cluster === cluster)
      const servers = pods.filter(({ status }) => part?.addresses.includes(status?.podIP ?? ''))
      const ports = await Promise.all(
        (part?.service?.spec?.ports ?? []).map((port) => portBehind(cluster, service.namespace, service.name, port)),
      )
      const around = servers.flatMap((pod) => {
        const taken = interceptionOf(pod)
        const why = ports
          // The agent itself answers at its own ports.
          .flatMap((port) => (port === undefined || isIstios(port) ? [] : [notTakenInbound(taken, port)]))
          .find((reason) => reason !== undefined)
        return why === undefined ? [] : [{ pod, why: `${why}, by ${taken.from}` }]
      })
      const [first] = around
      return first === undefined
        ? []
        : [
            {
              code: 'MP-982' as const,
              where: `${cluster.name} ${placeOf(first.pod)}`,
              evidence: around.slice(0, 3).map(({ pod, why }) => `${placeOf(pod)} for ${service.host}: ${why}`),
              fix: describe(cluster, first.pod),
              clusters: [cluster.name],
            },
          ]
    }),
  )
  return perService.flat()
}

const Sidecar = z.object({
  workloadSelector: z.object({ labels: z.record(z.string(), z.string()).default({}) }).optional(),
  ingress: z.array(z.object({ port: z.object({ number: z.number() }) })).default([]),
})

/** A Sidecar with ingress listeners of its own closes the ports that it does not name. */
const closedBySidecar = async (
  mesh: Survey,
  cluster: SurveyedCluster,
  pods: V1Pod[],
  services: MeshService[],
): Promise<Finding[]> => {
  const reader = servedBy(mesh, cluster)
  if (!reader) return []
  const sidecars = (await reader.reads.istio('Sidecar')).flatMap((object) => {
    const spec = Sidecar.safeParse(object['spec']).data
    return spec && spec.ingress.length > 0 ? [{ metadata: object.metadata, spec }] : []
  })
  if (sidecars.length === 0) return []
  const found = await Promise.all(
    services.map(async (service) => {
      const part = service.perCluster.find((candidate) => candidate.cluster === cluster)
      const server = pods.find(({ status }) => part?.addresses.includes(status?.podIP ?? ''))
      const [port] = part?.service?.spec?.ports ?? []
      const behind = port && (await portBehind(cluster, service.namespace, service.name, port))
      const closing = sidecars.find(
        ({ metadata, spec }) =>
          metadata?.namespace === service.namespace &&
          behind !== undefined &&
          Object.entries(spec.workloadSelector?.labels ?? {}).every(
            ([key, value]) => server?.metadata?.labels?.[key] === value,
          ) &&
          !spec.ingress.some((listener) => listener.port.number === behind || listener.port.number === port?.port),
      )
      if (!server || !closing) return []
      const { namespace = '', name = '' } = closing.metadata ?? {}
      const open = closing.spec.ingress.map((listener) => listener.port.number).join(', ')
      return [
        {
          code: 'MP-983' as const,
          where: `${service.host} in ${cluster.name}`,
          evidence: [
            `Sidecar ${namespace}/${name} opens ports ${open}, and ${placeOf(server)} serves at ${behind ?? ''}`,
          ],
          fix: kubectl(reader, `-n ${namespace} get sidecar ${name} -o yaml`),
          clusters: [cluster.name],
        },
      ]
    }),
  )
  return found.flat()
}
