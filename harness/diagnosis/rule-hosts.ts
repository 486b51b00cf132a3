import { z } from 'zod'
import { namesHost } from '#istio/host-pattern.ts'
import type { Manifest } from '#kube/client.ts'
import { meshConfigOf, policyRootOf } from '#probes/survey/mesh-config.ts'
import type { Survey, SurveyedCluster } from '#probes/survey/survey.ts'
import { matchesSelector } from './label-selector.ts'
import type { MeshService } from './shared-services.ts'

/** Whether the host of a rule in a namespace names a service: in full, in short, or by a wildcard. */
const names = (host: string, namespace: string | undefined, service: MeshService): boolean =>
  namesHost(host, service.host) ||
  host === `${service.name}.${service.namespace}` ||
  (host === service.name && namespace === service.namespace)

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

const Reach = z.object({
  exportTo: z.array(z.string()).default([]),
  workloadSelector: z.object({ matchLabels: z.record(z.string(), z.string()).default({}) }).optional(),
})

/**
 * The DestinationRules of a control plane that some client takes: one of the client’s namespace, of the service’s,
 * or of the root namespace, in this order (Istio’s page “Scoping configuration”). One that is exported to no
 * client, or selects none, does nothing. `services` are those that they may be for.
 */
export const rulesInUse = async (
  mesh: Survey,
  primary: SurveyedCluster,
  services: readonly MeshService[],
): Promise<Manifest[]> => {
  const [rules, root, { defaultDestinationRuleExportTo }, ...proxies] = await Promise.all([
    primary.reads.istio('DestinationRule'),
    policyRootOf(primary),
    meshConfigOf(primary.reads),
    ...mesh.clusters.map(({ reads }) => reads.proxies()),
  ])
  const clients = proxies.flat().map(({ metadata }) => ({
    namespace: metadata?.namespace ?? '',
    labels: metadata?.labels ?? {},
  }))
  return rules.filter((rule) => {
    const namespace = rule.metadata?.namespace ?? ''
    const { exportTo, workloadSelector } = Reach.parse(rule['spec'] ?? {})
    const own = clients.filter((client) => client.namespace === namespace)
    if (workloadSelector) return own.some(({ labels }) => matchesSelector(workloadSelector, labels))
    const to = exportTo.length > 0 ? exportTo : (defaultDestinationRuleExportTo ?? ['*'])
    const isLocal = own.length > 0 && (to.includes('.') || to.includes('*') || to.includes(namespace))
    const isOfServer = namespace === root || services.some((service) => service.namespace === namespace)
    return isLocal || (isOfServer && (to.includes('*') || clients.some((client) => to.includes(client.namespace))))
  })
}
