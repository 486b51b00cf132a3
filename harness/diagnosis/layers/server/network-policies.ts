import type { V1IPBlock, V1NetworkPolicy, V1Pod } from '@kubernetes/client-node'
import ipaddr from 'ipaddr.js'
import { matchesSelector } from '#diagnosis/label-selector.ts'
import { kubectl, type Finding } from '#diagnosis/layer.ts'
import type { MeshService, ServiceIn } from '#diagnosis/shared-services.ts'
import { gatewayLabel } from '#istio/gateway.ts'
import type { Survey, SurveyedCluster } from '#probes/survey/survey.ts'
import { severalNetworks } from '#topology/networks.ts'
import { serverOf, targetPort } from './server-pod.ts'

/** The NetworkPolicies that say who may reach a pod; none where they cannot be read. */
const ingressPolicies = async ({ reads }: SurveyedCluster, { metadata: pod }: V1Pod): Promise<V1NetworkPolicy[]> =>
  (await reads.networkPolicies().catch((): V1NetworkPolicy[] => [])).filter(
    ({ metadata, spec }) =>
      metadata?.namespace === pod?.namespace &&
      (spec?.policyTypes ?? ['Ingress']).includes('Ingress') &&
      matchesSelector(spec?.podSelector, pod?.labels ?? {}),
  )

/** A NetworkPolicy that selects a server and leaves out the gateway that brings requests of other networks. */
export const leftOutByNetworkPolicy = async (
  mesh: Survey,
  service: MeshService,
  part: ServiceIn,
): Promise<Finding[]> => {
  const { cluster } = part
  const pod = await serverOf(service, part)
  const policies = pod ? await ingressPolicies(cluster, pod) : []
  if (!pod || policies.length === 0) return []
  const senders = await sendersOf(mesh, service, part)
  const namespaces = await cluster.reads.namespaces()
  const port = await targetPort(service, part)
  const shut = senders.filter(
    (sender) =>
      !policies.some((policy) => letsIn(policy, sender, labelsOf(namespaces, sender.metadata?.namespace), port)),
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

/** The port at which a gateway takes requests of other networks. */
const gatewayPort = 15443

/**
 * NetworkPolicies that leave out what comes to a gateway from other networks. It comes from outside of the cluster,
 * from no pod and no namespace: only a block of addresses, or no condition at all, lets it in.
 */
export const shutGateways = async (mesh: Survey): Promise<Finding[]> => {
  if (!severalNetworks(mesh)) return []
  const perCluster = await Promise.all(
    mesh.clusters.map(async (cluster): Promise<Finding[]> => {
      const pod = (await cluster.reads.proxies()).find(({ metadata }) => isRouter(metadata?.labels ?? {}))
      const policies = pod ? await ingressPolicies(cluster, pod) : []
      const [first] = policies
      const open = policies.some(({ spec }) =>
        (spec?.ingress ?? []).some(
          ({ _from: from, ports }) =>
            takesPort(ports, gatewayPort) &&
            (!from || from.length === 0 || from.some(({ ipBlock }) => ipBlock !== undefined)),
        ),
      )
      if (!first || !pod || open) return []
      const [namespace, name] = [first.metadata?.namespace ?? '', first.metadata?.name ?? '']
      return [
        {
          code: 'MP-906',
          where: `${cluster.name} ${namespace}/${pod.metadata?.name ?? ''}`,
          evidence: [
            `NetworkPolicy ${namespace}/${name} selects the gateway, and lets nobody from outside of the cluster in ` +
              `at port ${gatewayPort}`,
          ],
          fix: kubectl(cluster, `-n ${namespace} get networkpolicy ${name} -o yaml`),
          clusters: [cluster.name],
        },
      ]
    }),
  )
  return perCluster.flat()
}

type NetworkPolicyPorts = NonNullable<NonNullable<V1NetworkPolicy['spec']>['ingress']>[number]['ports']

const takesPort = (ports: NetworkPolicyPorts, port: number): boolean =>
  !ports ||
  ports.length === 0 ||
  ports.some(({ port: allowed, endPort }) =>
    endPort === undefined
      ? allowed === undefined || allowed === port || typeof allowed === 'string'
      : Number(allowed) <= port && port <= endPort,
  )

const isRouter = (labels: Record<string, string>): boolean => labels['istio'] === gatewayLabel.istio

const labelsOf = (
  namespaces: { metadata?: { name?: string; labels?: Record<string, string> } }[],
  name: string | undefined,
): Record<string, string> => ({
  'kubernetes.io/metadata.name': name ?? '',
  ...namespaces.find(({ metadata }) => metadata?.name === name)?.metadata?.labels,
})

const letsIn = (
  { metadata, spec }: V1NetworkPolicy,
  sender: V1Pod,
  namespaceLabels: Record<string, string>,
  port: number,
): boolean =>
  (spec?.ingress ?? []).some(({ _from: from, ports }) => {
    const fromThere =
      !from ||
      from.length === 0 ||
      from.some(({ podSelector, namespaceSelector, ipBlock }) => {
        if (ipBlock) return inBlock(ipBlock, sender.status?.podIP ?? '')
        const inNamespace = namespaceSelector
          ? matchesSelector(namespaceSelector, namespaceLabels)
          : sender.metadata?.namespace === metadata?.namespace
        return inNamespace && (!podSelector || matchesSelector(podSelector, sender.metadata?.labels ?? {}))
      })
    return takesPort(ports, port) && fromThere
  })

/** Whether an address is in a block of a NetworkPolicy, and in none of its exceptions. */
const inBlock = ({ cidr, except = [] }: V1IPBlock, address: string): boolean => {
  const within = (block: string): boolean =>
    ipaddr.isValid(address) &&
    ipaddr.isValidCIDR(block) &&
    ipaddr.parse(address).kind() === ipaddr.parseCIDR(block)[0].kind() &&
    ipaddr.parse(address).match(ipaddr.parseCIDR(block))
  return within(cidr) && !except.some(within)
}
