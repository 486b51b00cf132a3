import type {
  V1IPBlock,
  V1NetworkPolicy,
  V1NetworkPolicyIngressRule,
  V1NetworkPolicyPeer,
  V1NetworkPolicyPort,
  V1Pod,
} from '@kubernetes/client-node'
import ipaddr from 'ipaddr.js'
import type { SurveyedCluster } from '#probes/survey/survey.ts'
import { matchesSelector } from './label-selector.ts'

/** The NetworkPolicies that say who may reach a pod, or whom it may reach; none where they cannot be read. */
export const policiesOf = async (
  type: 'Ingress' | 'Egress',
  { reads }: SurveyedCluster,
  { metadata: pod }: V1Pod,
): Promise<V1NetworkPolicy[]> =>
  (await reads.networkPolicies().catch((): V1NetworkPolicy[] => [])).filter(
    ({ metadata, spec }) =>
      metadata?.namespace === pod?.namespace &&
      (spec?.policyTypes ?? (spec?.egress ? ['Ingress', 'Egress'] : ['Ingress'])).includes(type) &&
      matchesSelector(spec?.podSelector, pod?.labels ?? {}),
  )

/** The other end of a connection: an address, and the pod that has it where it is one of the policy’s own cluster. */
export type Other = { address: string; pod?: V1Pod; namespaceLabels?: Record<string, string> }

/** Whether a policy lets a client in at a port of a pod that it selects. */
export const letsIn = (policy: V1NetworkPolicy, server: V1Pod, client: Other, port: number): boolean =>
  rulesAt(policy, server, port).some(({ _from: peers }) => isAmong(peers, client, policy))

/** Whether a policy lets the pods that it selects out to a port of a server. */
export const letsOut = (policy: V1NetworkPolicy, server: Other, port: number): boolean =>
  (policy.spec?.egress ?? []).some(
    ({ to: peers, ports }) => takesPort(ports, port, server.pod) && isAmong(peers, server, policy),
  )

/** Whether a policy lets anybody in at a port of a pod that it selects. */
export const opensPort = (policy: V1NetworkPolicy, server: V1Pod, port: number): boolean =>
  rulesAt(policy, server, port).length > 0

/**
 * Whether a policy lets somebody outside of the cluster in at a port of a pod that it selects. Such a client is in no
 * pod and no namespace: only a block of addresses, or no condition at all, lets it in.
 */
export const opensPortToOutside = (policy: V1NetworkPolicy, server: V1Pod, port: number): boolean =>
  rulesAt(policy, server, port).some(
    ({ _from: peers }) => !peers || peers.length === 0 || peers.some(({ ipBlock }) => ipBlock !== undefined),
  )

/** The rules of a policy for what comes in at a port of a pod that it selects. */
const rulesAt = ({ spec }: V1NetworkPolicy, server: V1Pod, port: number): V1NetworkPolicyIngressRule[] =>
  (spec?.ingress ?? []).filter(({ ports }) => takesPort(ports, port, server))

/**
 * Whether a rule is about a port of a pod. Kubernetes looks a port’s name up in the pod that is connected to. Where
 * that pod is not known, a name may be any port.
 */
const takesPort = (ports: V1NetworkPolicyPort[] | undefined, port: number, server: V1Pod | undefined): boolean =>
  !ports ||
  ports.length === 0 ||
  ports.some(({ port: first, endPort: last }) => {
    if (first === undefined) return true
    if (typeof first === 'number') return first <= port && port <= (last ?? first)
    return server === undefined || portNumber(server, first) === port
  })

/** The number of a port of a pod that is given by its number or its name; undefined where the pod has no such name. */
export const portNumber = ({ spec }: V1Pod, port: number | string): number | undefined =>
  typeof port === 'number'
    ? port
    : [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])]
        .flatMap(({ ports }) => ports ?? [])
        .find(({ name }) => name === port)?.containerPort

/** Whether the other end of a connection is one of the peers of a rule. A rule without peers is for everybody. */
const isAmong = (peers: V1NetworkPolicyPeer[] | undefined, other: Other, { metadata }: V1NetworkPolicy): boolean =>
  !peers || peers.length === 0 || peers.some((peer) => isPeer(peer, other, metadata?.namespace))

const isPeer = (
  { podSelector, namespaceSelector, ipBlock }: V1NetworkPolicyPeer,
  { address, pod, namespaceLabels = {} }: Other,
  policyNamespace: string | undefined,
): boolean => {
  if (ipBlock) return inBlock(ipBlock, address)
  // Selectors choose pods of the policy’s own cluster alone.
  if (!pod) return false
  const inNamespace = namespaceSelector
    ? matchesSelector(namespaceSelector, namespaceLabels)
    : pod.metadata?.namespace === policyNamespace
  return inNamespace && (!podSelector || matchesSelector(podSelector, pod.metadata?.labels ?? {}))
}

/** A pod as the other end of a connection. */
export const asOther = (
  pod: V1Pod,
  namespaces: { metadata?: { name?: string; labels?: Record<string, string> } }[],
): Other => {
  const namespace = pod.metadata?.namespace ?? ''
  const found = namespaces.find(({ metadata }) => metadata?.name === namespace)
  return {
    address: pod.status?.podIP ?? '',
    pod,
    namespaceLabels: { 'kubernetes.io/metadata.name': namespace, ...found?.metadata?.labels },
  }
}

/** Whether an address is in a block of a NetworkPolicy, and in none of its exceptions. */
const inBlock = ({ cidr, except = [] }: V1IPBlock, address: string): boolean => {
  const within = (block: string): boolean =>
    ipaddr.isValid(address) &&
    ipaddr.isValidCIDR(block) &&
    ipaddr.parse(address).kind() === ipaddr.parseCIDR(block)[0].kind() &&
    ipaddr.parse(address).match(ipaddr.parseCIDR(block))
  return within(cidr) && !except.some(within)
}
