import type { V1Pod } from '@kubernetes/client-node'
import { z } from 'zod'
import { kubectl, servedBy, type Finding } from '#diagnosis/layer.ts'
import { isFollowed } from '#diagnosis/mesh-namespaces.ts'
import { placeOf } from '#diagnosis/places.ts'
import { decidedBy, rulesInUse } from '#diagnosis/rule-hosts.ts'
import type { MeshService, ServiceIn } from '#diagnosis/shared-services.ts'
import { namesHost } from '#istio/host-pattern.ts'
import { proxyOf, variableOf } from '#istio/proxy-container.ts'
import { meshConfigOf } from '#probes/survey/mesh-config.ts'
import { hostOf, type Survey, type SurveyedCluster } from '#probes/survey/survey.ts'
import { severalNetworks } from '#topology/networks.ts'
import { type Missing, whyUnknown } from './why-unknown.ts'

/**
 * Why a client does not know a service’s pods of other clusters: the first rule or setting that takes them away from
 * it, from the client’s own namespace to the control plane’s settings; undefined where none does.
 */
export const whyMissing = async (mesh: Survey, missing: Missing): Promise<Finding | undefined> =>
  (await whyUnknown(mesh, missing)) ??
  (await keptLocal(mesh, missing)) ??
  (await distributed(mesh, missing)) ??
  (await notDiscovered(mesh, missing)) ??
  (await leftToAmbient(mesh, missing))

const Locality = z.object({
  enabled: z.boolean().nullish(),
  distribute: z.array(z.object({ from: z.string().default(''), to: z.record(z.string(), z.number()).default({}) })),
})
const Balanced = z.object({
  trafficPolicy: z.object({ loadBalancer: z.object({ localityLbSetting: Locality }) }),
})

/**
 * A rule, or the mesh config, distributes requests to chosen localities. Endpoints elsewhere are not given to clients:
 * that is meant where some are left, and a fault where none is.
 */
const distributed = async (mesh: Survey, missing: Missing): Promise<Finding | undefined> => {
  const { client, service, unknown, knowsSome = false } = missing
  const reader = servedBy(mesh, client)
  if (!reader) return undefined
  const rules = await rulesInUse(mesh, reader, [service])
  const rule = rules.find(
    (candidate) =>
      decidedBy(candidate, rules, [service]).length > 0 && Balanced.safeParse(candidate['spec']).data !== undefined,
  )
  const ofMesh = Locality.safeParse((await meshConfigOf(reader.reads)).localityLbSetting).data
  const setting = Balanced.safeParse(rule?.['spec']).data?.trafficPolicy.loadBalancer.localityLbSetting ?? ofMesh
  if (!setting || setting.enabled === false) return undefined
  const shares = setting.distribute.map(({ from, to }) => `from ${from} to ${Object.keys(to).join(', ')}`)
  return {
    code: knowsSome ? 'MP-897' : 'MP-892',
    cause: knowsSome
      ? 'requests are distributed to chosen localities, and other clusters are none of them'
      : 'requests are distributed to localities in which no server is',
    where: `${service.host} for clients of ${client.name}`,
    evidence: [
      `${rule ? `DestinationRule ${placeOf(rule)}` : `the mesh config of ${reader.name}`} distributes requests ` +
        shares.join('; '),
      `clients of ${client.name} are not told of pods in ${namesOf(unknown)}`,
    ],
    fix: rule
      ? kubectl(reader, `-n ${rule.metadata?.namespace ?? ''} get destinationrule ${rule.metadata?.name ?? ''} -o yaml`)
      : meshConfigFix(reader),
    clusters: [client.name],
  }
}

const meshConfigFix = (reader: SurveyedCluster): string =>
  kubectl(reader, `-n ${reader.istioNamespace} get configmap istio -o yaml`)

/** The host by which the mesh config keeps a service in the clusters of its clients; undefined where it does not. */
export const keptLocalBy = async (
  mesh: Survey,
  client: SurveyedCluster,
  { host: name }: MeshService,
): Promise<string | undefined> => {
  const reader = servedBy(mesh, client)
  const { serviceSettings } = reader ? await meshConfigOf(reader.reads) : {}
  const matching = (serviceSettings ?? [])
    .flatMap(({ hosts, settings }) => hosts.map((host) => ({ host, local: settings?.clusterLocal === true })))
    .filter(({ host }) => namesHost(host, name))
    // Istio takes the most specific host.
    .toSorted((first, second) => second.host.length - first.host.length)
  const [setting] = matching
  return setting?.local ? setting.host : undefined
}

/** The mesh config keeps a service in its cluster (serviceSettings with clusterLocal). */
const keptLocal = async (mesh: Survey, { client, service, unknown }: Missing): Promise<Finding | undefined> => {
  const reader = servedBy(mesh, client)
  const host = await keptLocalBy(mesh, client, service)
  return reader && host !== undefined
    ? {
        code: 'MP-806',
        where: `${service.host} for clients of ${client.name}`,
        evidence: [
          `serviceSettings of the mesh config of ${reader.name} make ${host} clusterLocal, so clients of ` +
            `${client.name} are not told of pods in ${namesOf(unknown)}`,
        ],
        fix: meshConfigFix(reader),
        clusters: [client.name],
      }
    : undefined
}

const namesOf = (clusters: SurveyedCluster[]): string => clusters.map(({ name }) => name).join(', ')

/** The control plane follows chosen namespaces alone, and the service’s is not among them in that cluster. */
const notDiscovered = async (mesh: Survey, { client, service, unknown }: Missing): Promise<Finding | undefined> => {
  const reader = servedBy(mesh, client)
  if (!reader) return undefined
  const { discoverySelectors } = await meshConfigOf(reader.reads)
  for (const cluster of unknown) {
    if (await isFollowed(reader, cluster, service.namespace)) continue
    const namespace = (await cluster.reads.namespaces()).find(({ metadata }) => metadata?.name === service.namespace)
    return {
      code: 'MP-807',
      where: `${service.namespace} in ${cluster.name}`,
      evidence: [
        `discoverySelectors of the mesh config of ${reader.name} choose namespaces by ` +
          `${JSON.stringify(discoverySelectors)}; namespace ${service.namespace} of ${cluster.name} is labelled ` +
          JSON.stringify(namespace?.metadata?.labels ?? {}),
      ],
      fix: kubectl(cluster, `label namespace ${service.namespace} KEY=VALUE   # as discoverySelectors ask`),
      clusters: [client.name, cluster.name],
    }
  }
  return undefined
}

const flags = ['AMBIENT_ENABLE_MULTI_NETWORK', 'PILOT_ENABLE_AMBIENT'] as const

/**
 * Ambient’s multi-network mode gives endpoints of other networks for services labelled istio.io/global alone, to
 * sidecars as well (istio/istio#61713, #60609, #60343; umbrella #61746).
 */
const leftToAmbient = async (mesh: Survey, { client, service, unknown }: Missing): Promise<Finding | undefined> => {
  const reader = servedBy(mesh, client)
  if (!reader || !severalNetworks(mesh)) return undefined
  const istiods = await reader.reads.istiods()
  const discovery = istiods[0]?.spec?.template.spec?.containers.find(({ name }) => name === 'discovery')
  if (variableOf(discovery, flags[0]) !== 'true') return undefined
  const isGlobal = service.perCluster.some(
    ({ service: part }) => part?.metadata?.labels?.['istio.io/global'] === 'true',
  )
  const set = flags.map((flag) => `${flag}=${variableOf(discovery, flag) ?? 'unset'}`)
  return isGlobal
    ? undefined
    : {
        code: 'MP-803',
        where: `${service.host} for clients of ${client.name}`,
        evidence: [
          `istiod of ${hostOf(reader).name} runs with ${set.join(', ')}`,
          `service ${service.namespace}/${service.name} has no label istio.io/global=true, so clients of ` +
            `${client.name} are not told of pods in ${namesOf(unknown)}`,
        ],
        fix: kubectl(
          hostOf(reader),
          `-n ${reader.istioNamespace} set env deployment/${istiods[0]?.metadata?.name ?? 'istiod'} ${flags[0]}-`,
        ),
        clusters: [client.name],
      }
}

/**
 * Pods behind a service of the mesh that have no sidecar although others of the service have one: clients of other
 * networks never get them, since gateways pass on mutual TLS alone. Those of a namespace that does not ask for sidecars
 * are meant to be so.
 */
export const serversWithoutSidecar = async (
  client: SurveyedCluster,
  service: MeshService,
  part: ServiceIn,
): Promise<Finding | undefined> => {
  const isOfMesh = service.perCluster.some(({ meshed }) => meshed.length > 0)
  if (part.cluster.network === client.network || part.meshed.length > 0 || part.addresses.length === 0 || !isOfMesh)
    return undefined
  const pods = (await part.cluster.reads.podsIn(service.namespace)).filter(
    (pod) => part.addresses.includes(pod.status?.podIP ?? '') && !proxyOf(pod),
  )
  if (pods.length === 0) return undefined
  const { name } = part.cluster
  return {
    code: 'MP-804',
    where: `${service.host} in ${name}`,
    evidence: pods.slice(0, 5).map((pod) => `${pod.metadata?.name ?? ''} of ${name} has no sidecar: ${whyBare(pod)}`),
    fix: kubectl(part.cluster, `-n ${service.namespace} get pods -L sidecar.istio.io/inject`),
    clusters: [name],
  }
}

const whyBare = ({ metadata, spec }: V1Pod): string => {
  const asked = metadata?.labels?.['sidecar.istio.io/inject'] ?? metadata?.annotations?.['sidecar.istio.io/inject']
  if (asked === 'false') return 'it asks for none (sidecar.istio.io/inject is false)'
  if (spec?.hostNetwork) return 'it uses the network of its node'
  return 'nothing asks for one, or it is older than what asks'
}
