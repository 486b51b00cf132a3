import { isDeepStrictEqual } from 'node:util'
import type { V1Service } from '@kubernetes/client-node'
import { portBehind } from '#diagnosis/addresses.ts'
import { proxyOf, variableOf } from '#istio/proxy-container.ts'
import type { Survey } from '#probes/survey/survey.ts'
import { selects } from '#diagnosis/selects.ts'
import { kubectl, type Finding, type Layer } from '#diagnosis/layer.ts'
import { isHeadless, meshServices, portsDiffer, portsOf, type MeshService } from '#diagnosis/shared-services.ts'

/**
 * A service is the same thing in every cluster that has it, and exists wherever its pods are (istio/istio#31760,
 * istio/istio#36733).
 */
export const services: Layer = {
  name: 'services',
  look: async (mesh) => {
    const joined = await meshServices(mesh)
    const perService = await Promise.all(
      joined.map(
        async (service) =>
          different(service) ??
          (await missing(mesh, service)) ??
          (await selectsOthers(service)) ??
          (await portWithoutName(service)),
      ),
    )
    return {
      findings: perService.flatMap((finding) => finding ?? []),
      seen: `${joined.length} services are alike wherever they are`,
    }
  },
}

const different = ({ namespace, name, host, perCluster }: MeshService): Finding | undefined => {
  const having = perCluster.flatMap(({ cluster, service }) => (service ? [{ cluster, service }] : []))
  const [first] = having
  if (!first) return undefined
  const odd = having.find(({ service }) => isHeadless(service) !== isHeadless(first.service))
  if (odd)
    return {
      code: 'MP-913',
      where: host,
      evidence: having.map(
        ({ cluster, service }) =>
          `${cluster.name}: ${isHeadless(service) ? 'headless' : (service.spec?.type ?? 'ClusterIP')}`,
      ),
      fix: kubectl(odd.cluster, `-n ${namespace} get service ${name} -o yaml`),
    }
  const networks = new Set(
    perCluster
      .filter(({ service, addresses }) => service && addresses.length > 0)
      .map(({ cluster }) => cluster.network),
  )
  if (isHeadless(first.service) && networks.size > 1)
    return {
      code: 'MP-915',
      where: host,
      evidence: perCluster.flatMap(({ cluster, service, addresses }) =>
        service ? [`${cluster.name} on ${cluster.network}: headless, ${addresses.length} pods`] : [],
      ),
      fix: kubectl(
        first.cluster,
        `-n ${namespace} get service ${name} -o yaml   # give it a cluster IP, in every cluster`,
      ),
    }
  const unequal =
    having.find(({ service }) => portsDiffer(service, first.service)) ??
    having.find(({ service }) => portsOf(service) !== portsOf(first.service))
  if (unequal)
    return {
      code: portsDiffer(unequal.service, first.service) ? 'MP-912' : 'MP-836',
      where: host,
      evidence: having.map(({ cluster, service }) => `${cluster.name}: ${portsOf(service)}`),
      fix: kubectl(unequal.cluster, `-n ${namespace} get service ${name} -o yaml`),
    }
  const other = having.find(({ service }) => !isDeepStrictEqual(protocolsOf(service), protocolsOf(first.service)))
  return (
    other && {
      code: 'MP-919',
      where: host,
      evidence: having.map(({ cluster, service }) => `${cluster.name}: ${protocolsOf(service).join(' ')}`),
      fix: kubectl(other.cluster, `-n ${namespace} get service ${name} -o yaml   # appProtocol`),
    }
  )
}

/** What the ports of a service declare to speak, by appProtocol or by the first word of their names. */
const protocolsOf = ({ spec }: V1Service): string[] =>
  (spec?.ports ?? [])
    .map(({ port, name = '', appProtocol }) => `${port} ${(appProtocol ?? name.split('-')[0] ?? '').toLowerCase()}`)
    .sort()

const missing = async (
  { clusters }: Survey,
  { namespace, name, host, perCluster }: MeshService,
): Promise<Finding | undefined> => {
  const having = perCluster.find(({ service, addresses }) => service && addresses.length > 0)
  // Of a headless service clients resolve the pods of their own cluster alone.
  if (!having?.service || isHeadless(having.service)) return undefined
  const selector = Object.entries(having.service?.spec?.selector ?? {})
  for (const { cluster, service } of perCluster.filter(
    (part) => part.cluster !== having.cluster && clusters.includes(part.cluster),
  )) {
    if (service) continue
    const pods = await cluster.reads.podsIn(namespace)
    const labelled = pods.filter(
      ({ metadata }) => selector.length > 0 && selector.every(([key, value]) => metadata?.labels?.[key] === value),
    )
    const fix =
      `${kubectl(having.cluster, `-n ${namespace} get service ${name} -o yaml`)}   # create the same, without ` +
      `clusterIP, in ${cluster.name}`
    if (labelled.length > 0)
      return {
        code: 'MP-911',
        where: `${host} in ${cluster.name}`,
        evidence: [
          `${labelled.length} pods with its labels run in ${cluster.name}, where the service does not exist; ` +
            `${having.cluster.name} has it`,
        ],
        fix,
      }
    // A proxy that answers the DNS questions of its workload knows the services of all clusters.
    const clients = (await cluster.reads.proxies()).filter(
      (pod) => pod.metadata?.namespace === namespace && variableOf(proxyOf(pod), 'ISTIO_META_DNS_CAPTURE') !== 'true',
    )
    if (clients.length > 0)
      return {
        code: 'MP-914',
        where: `${host} in ${cluster.name}`,
        evidence: [
          `${having.cluster.name} has it with ${having.addresses.length} pods; ${clients.length} clients of ` +
            `${namespace} run in ${cluster.name}`,
        ],
        fix,
      }
  }
  return undefined
}

/** A service that selects no pod in a cluster, although pods run there that it selects by its form in another. */
const selectsOthers = async ({ namespace, name, host, perCluster }: MeshService): Promise<Finding | undefined> => {
  // A service without a selector and without addresses was given neither.
  const having = perCluster.flatMap(({ cluster, service, pods }) =>
    service && (service.spec?.selector || (pods.length === 0 && service.spec?.type !== 'ExternalName'))
      ? [{ cluster, service, pods, selector: service.spec?.selector ?? {} }]
      : [],
  )
  for (const { cluster, selector } of having.filter(({ pods }) => pods.length === 0)) {
    const other = having.find((part) => part.pods.length > 0 && !isDeepStrictEqual(part.selector, selector))
    if (!other) continue
    const meant = (await cluster.reads.podsIn(namespace)).filter(({ metadata }) =>
      selects(other.service, metadata?.labels),
    )
    const [first] = meant
    if (!first) continue
    return {
      code: 'MP-916',
      where: `${host} in ${cluster.name}`,
      evidence: [
        Object.keys(selector).length === 0
          ? `in ${cluster.name} it has no selector and no endpoints`
          : `in ${cluster.name} it selects ${labelsInWords(selector)}, and no pod has these labels`,
        `in ${other.cluster.name} it selects ${labelsInWords(other.selector)}; ${first.metadata?.name ?? ''} and ` +
          `${meant.length - 1} more pods of ${cluster.name} have these`,
      ],
      fix: kubectl(cluster, `-n ${namespace} get service ${name} -o yaml   # spec.selector`),
      clusters: [cluster.name],
    }
  }
  return undefined
}

const labelsInWords = (labels: Record<string, string>): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',')

/** A service whose targetPort is a name that none of its pods gives a port: nobody gets its requests. */
const portWithoutName = async ({ namespace, name, host, perCluster }: MeshService): Promise<Finding | undefined> => {
  for (const { cluster, service, addresses } of perCluster) {
    const byName = (service?.spec?.ports ?? []).filter((port) => typeof port.targetPort === 'string')
    if (byName.length === 0 || addresses.length === 0) continue
    const behind = await Promise.all(byName.map((port) => portBehind(cluster, namespace, name, port)))
    const unknown = byName.filter((_, index) => behind[index] === undefined)
    const isPart = unknown.length < (service?.spec?.ports ?? []).length
    const pod = (await cluster.reads.podsIn(namespace)).find(({ status }) => addresses.includes(status?.podIP ?? ''))
    if (unknown.length === 0 || !pod) continue
    const named = pod.spec?.containers.flatMap(({ ports }) => ports ?? []).flatMap((port) => port.name ?? []) ?? []
    return {
      code: isPart ? 'MP-834' : 'MP-917',
      where: `${host} in ${cluster.name}`,
      evidence: [
        `its targetPort is ${unknown.map(({ targetPort }) => String(targetPort)).join(', ')}; ` +
          `${pod.metadata?.name ?? ''} names ${named.join(', ') || 'no port'}`,
      ],
      fix: kubectl(cluster, `-n ${namespace} get service ${name} -o yaml   # spec.ports, targetPort`),
      clusters: [cluster.name],
    }
  }
  return undefined
}
