import type { V1NetworkPolicy, V1Pod } from '@kubernetes/client-node'
import { kubectl, type Finding } from '#diagnosis/layer.ts'
import { asOther, letsOut, policiesOf } from '#diagnosis/network-policy.ts'
import { entrancesOf, networkGateways } from '#diagnosis/network-gateways.ts'
import type { MeshService, ServiceIn } from '#diagnosis/shared-services.ts'
import { isSidecar } from '#istio/proxy-container.ts'
import { isReady } from '#kube/pods.ts'
import { hostPort } from '#probes/transfers.ts'
import type { Survey, SurveyedCluster } from '#probes/survey/survey.ts'
import { serverOf, targetPort } from './server-pod.ts'

/** Where a client’s requests for the pods of another cluster go. */
type Way = { address: string; port: number; end: string; to: ServiceIn }

/**
 * Clients that NetworkPolicies let reach a service in their own cluster and not in another: the policy was written
 * before the service had pods there. Who may not reach it at all may not be meant to.
 */
export const keptInByNetworkPolicy = async (mesh: Survey, services: readonly MeshService[]): Promise<Finding[]> => {
  const perCluster = await Promise.all(mesh.clusters.map(limitedClients))
  return (await Promise.all(perCluster.flat().map((client) => keptIn(mesh, services, client)))).flat()
}

/** One ready sidecar of those that a NetworkPolicy of its cluster limits, for each such policy. */
const limitedClients = async (cluster: SurveyedCluster): Promise<Client[]> => {
  const sidecars = (await cluster.reads.proxies()).filter((pod) => isReady(pod) && isSidecar(pod))
  const limits = await Promise.all(
    sidecars.map(async (pod) => ({ cluster, pod, policies: await policiesOf('Egress', cluster, pod) })),
  )
  const keyOf = ({ policies }: Client): string =>
    policies.map(({ metadata }) => `${metadata?.namespace}/${metadata?.name}`).join(' ')
  return [...new Map(limits.map((client) => [keyOf(client), client])).values()].filter(
    ({ policies }) => policies.length > 0,
  )
}

/** A client, and the NetworkPolicies that say whom it may reach. */
type Client = { cluster: SurveyedCluster; pod: V1Pod; policies: V1NetworkPolicy[] }

const keptIn = async (mesh: Survey, services: readonly MeshService[], client: Client): Promise<Finding[]> => {
  const { cluster, policies } = client
  for (const service of services) {
    const own = service.perCluster.find((part) => part.cluster === cluster && part.meshed.length > 0)
    if (!own || !(await reaches(policies, service, own))) continue
    for (const other of service.perCluster.filter((part) => part !== own && part.meshed.length > 0)) {
      const ways = await waysTo(mesh, service, other, own)
      const isOpen = ways.some(({ address, port }) => policies.some((policy) => letsOut(policy, { address }, port)))
      const [way] = ways
      if (way && !isOpen) return [shutIn(client, service, way)]
    }
  }
  return []
}

/** Whether policies let a pod reach a service in its own cluster. */
const reaches = async (policies: V1NetworkPolicy[], service: MeshService, own: ServiceIn): Promise<boolean> => {
  const pod: V1Pod | undefined = await serverOf(service, own)
  if (!pod) return false
  const other = asOther(pod, await own.cluster.reads.namespaces())
  const port = await targetPort(service, own)
  return policies.some((policy) => letsOut(policy, other, port))
}

const waysTo = async (mesh: Survey, service: MeshService, to: ServiceIn, from: ServiceIn): Promise<Way[]> => {
  if (to.cluster.network === from.cluster.network) {
    const port = await targetPort(service, to)
    return to.meshed.map((address) => ({ address, port, end: `its pod in ${to.cluster.name}`, to }))
  }
  const networks = (await networkGateways(mesh)).filter(({ network }) => network === to.cluster.network)
  return networks
    .flatMap(entrancesOf)
    .map(({ address, port, network }) => ({ address, port, end: `the entrance of ${network}`, to }))
}

const shutIn = ({ cluster, pod, policies }: Client, service: MeshService, way: Way): Finding => {
  const { namespace = '', name = '' } = pod.metadata ?? {}
  const named = policies.map(({ metadata }) => metadata?.name ?? '')
  return {
    code: 'MP-906',
    cause: 'a NetworkPolicy lets a client reach a service in its own cluster, and not in another',
    where: `${cluster.name} ${namespace}/${name} → ${service.host} in ${way.to.cluster.name}`,
    evidence: [
      `NetworkPolicy ${namespace}/${named.join(', ')} selects ${name}, lets it reach the pods of the service here, ` +
        `and not ${hostPort(way.address, way.port)}, ${way.end}`,
    ],
    fix: kubectl(cluster, `-n ${namespace} get networkpolicy ${named.join(' ')} -o yaml   # egress`),
    clusters: [cluster.name, way.to.cluster.name],
  }
}
