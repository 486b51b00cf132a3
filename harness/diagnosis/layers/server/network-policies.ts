import type { V1Pod } from '@kubernetes/client-node'
import { kubectl, type Finding } from '#diagnosis/layer.ts'
import { asOther, letsIn, opensPortToOutside, policiesOf } from '#diagnosis/network-policy.ts'
import type { MeshService, ServiceIn } from '#diagnosis/shared-services.ts'
import { crossNetworkPort, gatewayLabel } from '#istio/gateway.ts'
import type { Survey } from '#probes/survey/survey.ts'
import { severalNetworks } from '#topology/networks.ts'
import { serverOf, targetPort } from './server-pod.ts'

/** A NetworkPolicy that selects a server and leaves out the gateway that brings requests of other networks. */
export const leftOutByNetworkPolicy = async (
  mesh: Survey,
  service: MeshService,
  part: ServiceIn,
): Promise<Finding[]> => {
  const { cluster } = part
  const pod = await serverOf(service, part)
  const policies = pod ? await policiesOf('Ingress', cluster, pod) : []
  if (!pod || policies.length === 0) return []
  const senders = await sendersOf(mesh, service, part)
  const namespaces = await cluster.reads.namespaces()
  const port = await targetPort(service, part)
  const shut = senders.filter(
    (sender) => !policies.some((policy) => letsIn(policy, pod, asOther(sender, namespaces), port)),
  )
  const [first] = shut
  const [policy] = policies
  if (!first || !policy) return []
  return [
    {
      code: 'MP-906',
      where: `${service.host} in ${cluster.name}`,
      evidence: [
        `NetworkPolicy ${service.namespace}/${policy.metadata?.name ?? ''} selects ${pod.metadata?.name ?? ''} ` +
          `and does not let ${first.metadata?.namespace ?? ''}/${first.metadata?.name ?? ''} in at port ${port}`,
      ],
      fix: kubectl(cluster, `-n ${service.namespace} get networkpolicy ${policy.metadata?.name ?? ''} -o yaml`),
      clusters: [cluster.name],
    },
  ]
}

/** Pods of a server’s own cluster that send it requests: its network’s gateway, and one client of the namespace. */
const sendersOf = async (mesh: Survey, service: MeshService, { cluster }: ServiceIn): Promise<V1Pod[]> => {
  const proxies = await cluster.reads.proxies()
  const gateway = mesh.clusters.some(({ network }) => network !== cluster.network)
    ? proxies.find(
        ({ metadata }) => metadata?.labels?.['topology.istio.io/network'] !== undefined && isRouter(metadata.labels),
      )
    : undefined
  const client = proxies.find(
    ({ metadata, status }) =>
      metadata?.namespace === service.namespace &&
      !service.perCluster.some(({ addresses }) => addresses.includes(status?.podIP ?? '')),
  )
  return [gateway, client].flatMap((sender) => sender ?? [])
}

/** NetworkPolicies that leave out what comes to a gateway from other networks, which is outside of the cluster. */
export const shutGateways = async (mesh: Survey): Promise<Finding[]> => {
  if (!severalNetworks(mesh)) return []
  const perCluster = await Promise.all(
    mesh.clusters.map(async (cluster): Promise<Finding[]> => {
      const pod = (await cluster.reads.proxies()).find(({ metadata }) => isRouter(metadata?.labels ?? {}))
      const policies = pod ? await policiesOf('Ingress', cluster, pod) : []
      const [first] = policies
      if (!first || !pod || policies.some((policy) => opensPortToOutside(policy, pod, crossNetworkPort))) return []
      const [namespace, name] = [first.metadata?.namespace ?? '', first.metadata?.name ?? '']
      return [
        {
          code: 'MP-906',
          where: `${cluster.name} ${namespace}/${pod.metadata?.name ?? ''}`,
          evidence: [
            `NetworkPolicy ${namespace}/${name} selects the gateway, and lets nobody from outside of the cluster in ` +
              `at port ${crossNetworkPort}`,
          ],
          fix: kubectl(cluster, `-n ${namespace} get networkpolicy ${name} -o yaml`),
          clusters: [cluster.name],
        },
      ]
    }),
  )
  return perCluster.flat()
}

const isRouter = (labels: Record<string, string>): boolean => labels['istio'] === gatewayLabel.istio
