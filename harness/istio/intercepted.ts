import type { V1Pod } from '@kubernetes/client-node'
import ipaddr from 'ipaddr.js'

/** What of a pod’s traffic its sidecar takes, in the words of Istio’s annotations; `*` is everything. */
export type Interception = {
  includedRanges: string[]
  excludedRanges: string[]
  includedOutboundPorts: string[]
  excludedOutboundPorts: string[]
  includedInboundPorts: string[]
  excludedInboundPorts: string[]
  /** Where it is said: the arguments of istio-init, or annotations where a CNI plugin stands in for it. */
  from: string
}

/** The flags of istio-iptables, and the annotations that they come from. */
const settings = {
  includedRanges: ['-i', 'includeOutboundIPRanges', '*'],
  excludedRanges: ['-x', 'excludeOutboundIPRanges', ''],
  includedOutboundPorts: ['-q', 'includeOutboundPorts', ''],
  excludedOutboundPorts: ['-o', 'excludeOutboundPorts', ''],
  includedInboundPorts: ['-b', 'includeInboundPorts', '*'],
  excludedInboundPorts: ['-d', 'excludeInboundPorts', ''],
} as const

/** Reads what a pod’s sidecar takes, from the arguments that its network rules were made with. */
export const interceptionOf = ({ metadata, spec }: V1Pod): Interception => {
  const args = spec?.initContainers?.find(({ name }) => name === 'istio-init')?.args
  const valueOf = ([flag, annotation, usual]: readonly [string, string, string]): string[] => {
    const index = args?.indexOf(flag) ?? -1
    const text =
      index >= 0 ? args?.[index + 1] : (metadata?.annotations?.[`traffic.sidecar.istio.io/${annotation}`] ?? usual)
    return (text ?? '').split(',').filter(Boolean)
  }
  return {
    includedRanges: valueOf(settings.includedRanges),
    excludedRanges: valueOf(settings.excludedRanges),
    includedOutboundPorts: valueOf(settings.includedOutboundPorts),
    excludedOutboundPorts: valueOf(settings.excludedOutboundPorts),
    includedInboundPorts: valueOf(settings.includedInboundPorts),
    excludedInboundPorts: valueOf(settings.excludedInboundPorts),
    from: args ? 'the arguments of istio-init' : 'annotations',
  }
}

/** True for the ports of Istio’s own programs in a pod. */
export const isIstios = (port: number): boolean => port >= 15000 && port < 15100

/** The user whose connections a sidecar’s network rules pass over, so that its own do not come back to it. */
const sidecarsUser = 1337

/** The container of a pod that runs as the sidecar’s user, so that its requests go around the sidecar. */
export const runsAsSidecar = ({ spec }: V1Pod): string | undefined =>
  spec?.containers.find(
    ({ name, securityContext }) =>
      name !== 'istio-proxy' && (securityContext?.runAsUser ?? spec.securityContext?.runAsUser) === sidecarsUser,
  )?.name

/** Why a pod’s sidecar does not take a request to an address and port; undefined where it takes it. */
export const notTakenOutbound = (
  { includedRanges, excludedRanges, includedOutboundPorts, excludedOutboundPorts }: Interception,
  address: string,
  port: number,
): string | undefined => {
  if (excludedOutboundPorts.includes(String(port))) return `port ${port} is among excludeOutboundPorts`
  if (includedOutboundPorts.includes(String(port)) || includedOutboundPorts.includes('*')) return undefined
  const excluded = excludedRanges.find((range) => contains(range, address))
  if (excluded !== undefined) return `${address} is in ${excluded} of excludeOutboundIPRanges`
  if (includedRanges.some((range) => range === '*' || contains(range, address))) return undefined
  return `${address} is in none of includeOutboundIPRanges (${includedRanges.join(', ') || 'empty'})`
}

/** Why a pod’s sidecar does not take what comes in at a port; undefined where it does. */
export const notTakenInbound = (
  { includedInboundPorts, excludedInboundPorts }: Interception,
  port: number,
): string | undefined => {
  if (excludedInboundPorts.includes(String(port))) return `port ${port} is among excludeInboundPorts`
  if (includedInboundPorts.includes('*') || includedInboundPorts.includes(String(port))) return undefined
  return `port ${port} is not among includeInboundPorts (${includedInboundPorts.join(', ') || 'empty'})`
}

const contains = (range: string, address: string): boolean => {
  if (!ipaddr.isValid(address) || !ipaddr.isValidCIDR(range)) return false
  const [parsed, [base, bits]] = [ipaddr.parse(address), ipaddr.parseCIDR(range)]
  return parsed.kind() === base.kind() && parsed.match(base, bits)
}
