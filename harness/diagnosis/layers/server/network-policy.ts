import type {
  V1IPBlock,
  V1NetworkPolicy,
  V1NetworkPolicyPeer,
  V1NetworkPolicyPort,
  V1Pod,
} from '@kubernetes/client-node'
import ipaddr from 'ipaddr.js'
import { matchesSelector } from '#diagnosis/label-selector.ts'
import type { SurveyedCluster } from '#probes/survey/survey.ts'

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

/** What a rule of a NetworkPolicy admits: whom, or everybody where it names nobody, and at which ports. */
type Rule = { peers: V1NetworkPolicyPeer[] | undefined; ports: V1NetworkPolicyPort[] | undefined }

/** Whether one of a policy’s rules admits the other end of a connection at a port. */
export const admits = (
  { metadata, spec }: V1NetworkPolicy,
  type: 'Ingress' | 'Egress',
  other: Other,
  port: number,
): boolean => {
  const rules: Rule[] =
    type === 'Ingress'
      ? (spec?.ingress ?? []).map(({ _from: peers, ports }) => ({ peers, ports }))
      : (spec?.egress ?? []).map(({ to: peers, ports }) => ({ peers, ports }))
  return rules.some(({ peers, ports }) => {
    const isMeant = !peers || peers.length === 0 || peers.some((peer) => names(peer, other, metadata?.namespace))
    return takesPort(ports, port) && isMeant
  })
}

const names = (
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

/** Whether a rule is about a port. A port by name may be any, since names are those of pods. */
export const takesPort = (ports: V1NetworkPolicyPort[] | undefined, port: number): boolean =>
  !ports ||
  ports.length === 0 ||
  ports.some(({ port: allowed, endPort }) =>
    endPort === undefined
      ? allowed === undefined || allowed === port || typeof allowed === 'string'
      : Number(allowed) <= port && port <= endPort,
  )

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
