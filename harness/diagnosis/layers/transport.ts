import { z } from 'zod'
import { kubectl, servedBy, type Finding, type Layer } from '#diagnosis/layer.ts'
import { sharedServices, type MeshService } from '#diagnosis/shared-services.ts'
import { meshConfigOf } from '#probes/survey/mesh-config.ts'
import type { Survey, SurveyedCluster } from '#probes/survey/survey.ts'
import { primariesOf } from '#topology/roles.ts'

const Tls = z.object({ mode: z.string().default(''), subjectAltNames: z.array(z.string()).default([]) }).optional()
const Policy = z.object({ tls: Tls, portLevelSettings: z.array(z.object({ tls: Tls })).default([]) }).optional()
const DestinationRule = z.object({
  host: z.string().default(''),
  trafficPolicy: Policy,
  subsets: z.array(z.object({ trafficPolicy: Policy })).default([]),
})
const PeerAuthentication = z.object({
  selector: z.object({ matchLabels: z.record(z.string(), z.string()).default({}) }).optional(),
  mtls: z.object({ mode: z.string().default('UNSET') }).optional(),
  portLevelMtls: z.record(z.string(), z.object({ mode: z.string().default('UNSET') })).default({}),
})

/**
 * What clients send is what servers take: a rule’s TLS mode against the PeerAuthentication of the servers, the names
 * a client accepts against the identity that servers have, and one trust domain.
 */
export const transport: Layer = {
  name: 'transport',
  look: async (mesh) => {
    const services = await sharedServices(mesh)
    const perPrimary = await Promise.all(
      primariesOf(mesh).map((primary) => rulesAgainstServers(mesh, primary, services)),
    )
    return {
      findings: [...perPrimary.flat(), ...(await trustDomainsApart(mesh))],
      seen: `clients and servers of ${services.length} shared services agree on mutual TLS`,
    }
  },
}

const rulesAgainstServers = async (
  mesh: Survey,
  primary: SurveyedCluster,
  services: MeshService[],
): Promise<Finding[]> => {
  const rules = await primary.reads.istio('DestinationRule')
  const perRule = await Promise.all(
    rules.map(async (rule): Promise<Finding[]> => {
      const spec = DestinationRule.safeParse(rule['spec']).data
      const service = services.find((candidate) => spec && namesService(spec.host, rule.metadata?.namespace, candidate))
      if (!spec || !service) return []
      const settings = [spec.trafficPolicy, ...spec.subsets.map(({ trafficPolicy }) => trafficPolicy)].flatMap(
        (policy) => [policy?.tls, ...(policy?.portLevelSettings ?? []).map(({ tls }) => tls)],
      )
      const { namespace = '', name = '' } = rule.metadata ?? {}
      const fix = kubectl(primary, `-n ${namespace} get destinationrule ${name} -o yaml`)
      const strict = await strictIn(mesh, service)
      const plaintext = settings.some((tls) => tls?.mode === 'DISABLE')
      const accepted = settings.flatMap((tls) => tls?.subjectAltNames ?? [])
      const identities = accepted.length > 0 ? await identitiesOf(service) : []
      const strange = accepted.length > 0 && !identities.some((identity) => accepted.includes(identity))
      return [
        ...(plaintext && strict !== undefined
          ? [
              {
                code: 'MP-901' as const,
                where: service.host,
                evidence: [
                  `DestinationRule ${namespace}/${name} sets tls.mode DISABLE`,
                  `PeerAuthentication ${strict} requires STRICT`,
                ],
                fix,
              },
            ]
          : []),
        ...(strange && identities.length > 0
          ? [
              {
                code: 'MP-902' as const,
                where: service.host,
                evidence: [
                  `DestinationRule ${namespace}/${name} accepts ${accepted.join(', ')}`,
                  `its servers are ${identities.join(', ')}`,
                ],
                fix,
              },
            ]
          : []),
      ]
    }),
  )
  return perRule.flat()
}

const namesService = (host: string, namespace: string | undefined, service: MeshService): boolean =>
  host === service.host ||
  host === `${service.name}.${service.namespace}` ||
  (host === service.name && namespace === service.namespace)

/** The PeerAuthentication that requires mutual TLS of a service’s servers in some cluster. */
const strictIn = async (mesh: Survey, service: MeshService): Promise<string | undefined> => {
  for (const part of service.perCluster.filter(({ meshed }) => meshed.length > 0)) {
    const policies = (await servedBy(mesh, part.cluster)?.reads.istio('PeerAuthentication')) ?? []
    const strict = policies.find((object) => {
      const spec = PeerAuthentication.safeParse(object['spec']).data
      return (
        [service.namespace, mesh.istioNamespace].includes(object.metadata?.namespace ?? '') &&
        spec?.mtls?.mode === 'STRICT'
      )
    })
    if (strict) return `${strict.metadata?.namespace ?? ''}/${strict.metadata?.name ?? ''} of ${part.cluster.name}`
  }
  return undefined
}

/** The SPIFFE identities of a service’s servers, by their service accounts. */
const identitiesOf = async ({ namespace, perCluster }: MeshService): Promise<string[]> => {
  const perPart = await Promise.all(
    perCluster.map(async ({ cluster, meshed }) =>
      (await cluster.reads.podsIn(namespace))
        .filter(({ status }) => meshed.includes(status?.podIP ?? ''))
        .map(({ spec }) => `spiffe://cluster.local/ns/${namespace}/sa/${spec?.serviceAccountName ?? 'default'}`),
    ),
  )
  return [...new Set(perPart.flat())]
}

/** Control planes of different trust domains, of which none names the other as an alias. */
const trustDomainsApart = async (mesh: Survey): Promise<Finding[]> => {
  const configurations = await Promise.all(
    primariesOf(mesh).map(async (primary) => ({ primary, mesh: await meshConfigOf(primary.reads) })),
  )
  const domains = configurations.map(({ primary, mesh: config }) => ({
    primary,
    domain: config.trustDomain ?? 'cluster.local',
    aliases: config.trustDomainAliases ?? [],
  }))
  const [first] = domains
  const other = domains.find(
    ({ domain, aliases }) =>
      first && domain !== first.domain && !aliases.includes(first.domain) && !first.aliases.includes(domain),
  )
  if (!first || !other) return []
  return [
    {
      code: 'MP-903',
      where: `${first.primary.name}, ${other.primary.name}`,
      evidence: [first, other].map(({ primary, domain }) => `${primary.name}: trust domain ${domain}`),
      fix: kubectl(other.primary, `-n ${mesh.istioNamespace} get configmap istio -o yaml`),
    },
  ]
}
