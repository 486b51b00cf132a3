import type { Manifest } from '#kube/client.ts'
import type { MeshService } from './shared-services.ts'

/** Whether the host of a rule in a namespace names a service: in full, in short, or by a wildcard. */
const names = (host: string, namespace: string | undefined, service: MeshService): boolean =>
  host === service.host ||
  host === `${service.name}.${service.namespace}` ||
  (host === service.name && namespace === service.namespace) ||
  (host.startsWith('*') && service.host.endsWith(host.slice(1)))

/**
 * The services that a DestinationRule decides for: those that its host names, except where another rule names one more
 * closely (Istio takes the rule with the longest host that fits).
 */
export const decidedBy = (
  rule: Manifest,
  rules: readonly Manifest[],
  services: readonly MeshService[],
): MeshService[] =>
  services.filter((service) => {
    if (!names(hostOf(rule), rule.metadata?.namespace, service)) return false
    return !rules.some(
      (other) =>
        names(hostOf(other), other.metadata?.namespace, service) && closeness(hostOf(other)) > closeness(hostOf(rule)),
    )
  })

const hostOf = (rule: Manifest): string => (rule['spec'] as { host?: string } | undefined)?.host ?? ''

const closeness = (host: string): number => (host.startsWith('*') ? host.length : Number.MAX_SAFE_INTEGER)
