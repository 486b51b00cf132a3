import { z } from 'zod'
import { kubectl, servedBy, type Finding, type Layer } from '#diagnosis/layer.ts'
import { placeOf } from '#diagnosis/places.ts'
import { decidedBy, rulesInUse } from '#diagnosis/rule-hosts.ts'
import { sharedServices, type MeshService } from '#diagnosis/shared-services.ts'
import { proxyOf } from '#istio/proxy-container.ts'
import type { Manifest } from '#kube/client.ts'
import { isRunning } from '#kube/pods.ts'
import { defaultTrustDomain, meshConfigOf, policyRootOf } from '#probes/survey/mesh-config.ts'
import type { Survey, SurveyedCluster } from '#probes/survey/survey.ts'
import { primariesOf } from '#topology/roles.ts'
import { policyFindings } from './endpoints/policies.ts'
import { serverOf } from './server/server-pod.ts'
import { toldOtherTls } from './told-tls.ts'

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
      primariesOf(mesh).map(async (primary) => [
        ...(await rulesAgainstServers(mesh, primary, services)),
        ...(await nobodyEncrypts(mesh, primary, services)),
      ]),
    )
    const ruled = perPrimary.flat()
    const untold = ruled.length > 0 ? [] : await takingTlsAlone(mesh, services)
    const told = await toldOtherTls(mesh, untold)
    return {
      findings: [...ruled, ...told.findings, ...(await trustDomainsApart(mesh))],
      seen: `clients and servers of ${services.length} shared services agree on mutual TLS`,
      notes: [...told.notes, ...(await refusedWithoutSidecar(mesh, services))],
    }
  },
}

const rulesAgainstServers = async (
  mesh: Survey,
  primary: SurveyedCluster,
  services: MeshService[],
): Promise<Finding[]> => {
  const rules = await rulesInUse(mesh, primary, services)
  const perRule = await Promise.all(
    rules.map(async (rule): Promise<Finding[]> => {
      const spec = DestinationRule.safeParse(rule['spec']).data
      const [service] = decidedBy(rule, rules, services)
      if (!spec || !service) return []
      const settings = [spec.trafficPolicy, ...spec.subsets.map(({ trafficPolicy }) => trafficPolicy)].flatMap(
        (policy) => [policy?.tls, ...(policy?.portLevelSettings ?? []).map(({ tls }) => tls)],
      )
      const { namespace = '', name = '' } = rule.metadata ?? {}
      const fix = kubectl(primary, `-n ${namespace} get destinationrule ${name} -o yaml`)
      const strict = await strictIn(mesh, service)
      const plaintext = settings.some((tls) => tls?.mode === 'DISABLE')
      const accepted = settings.flatMap((tls) => tls?.subjectAltNames ?? [])
      const identities = accepted.length > 0 ? await identitiesOf(mesh, service) : []
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

/** How many services a finding names. */
const named = 3

/**
 * A mesh config that leaves mutual TLS to DestinationRules, for services that none of them encrypts, although their
 * servers require it or gateways stand before them: what is in clear crosses no network.
 */
const nobodyEncrypts = async (mesh: Survey, primary: SurveyedCluster, services: MeshService[]): Promise<Finding[]> => {
  if ((await meshConfigOf(primary.reads)).enableAutoMtls !== false) return []
  const rules = await rulesInUse(mesh, primary, services)
  const encrypted = rules
    .filter((rule) => encrypts(DestinationRule.safeParse(rule['spec']).data?.trafficPolicy))
    .flatMap((rule) => decidedBy(rule, rules, services))
  const refused = await Promise.all(
    services
      .filter((service) => !encrypted.includes(service))
      .map(async (service) => {
        const strict = await strictIn(mesh, service)
        if (strict !== undefined) return [`${service.host}: PeerAuthentication ${strict} requires STRICT`]
        const networks = new Set(service.perCluster.filter(isMeshed).map(({ cluster }) => cluster.network))
        return networks.size > 1
          ? [`${service.host} has servers on several networks, which plaintext does not cross`]
          : []
      }),
  )
  const lines = refused.flat()
  if (lines.length === 0) return []
  return [
    {
      code: 'MP-901',
      cause: 'the mesh config turns automatic mutual TLS off, and no DestinationRule turns it on for a service',
      where: `the mesh config of ${primary.name}`,
      evidence: [
        `enableAutoMtls is false in ${primary.name}`,
        ...lines.slice(0, named),
        ...(lines.length > named ? [`and ${lines.length - named} more services`] : []),
      ],
      fix: kubectl(primary, `-n ${primary.istioNamespace} get configmap istio -o yaml   # enableAutoMtls`),
    },
  ]
}

/**
 * Services that clients reach by mutual TLS alone: it is required of their servers, or gateways stand before them. None
 * where plaintext is asked for, which is named elsewhere.
 */
export const takingTlsAlone = async (mesh: Survey, services: MeshService[]): Promise<MeshService[]> => {
  const explained = new Set(
    (await policyFindings(mesh, services)).flatMap(({ code, where }) => (code === 'MP-896' ? where.split(' ')[0] : [])),
  )
  const perService = await Promise.all(
    services
      .filter(({ host }) => !explained.has(host))
      .map(async (service) => {
        const modes = await modesOf(mesh, service)
        const networks = new Set(service.perCluster.filter(isMeshed).map(({ cluster }) => cluster.network))
        const isAlone = !modes.includes('DISABLE') && (networks.size > 1 || modes.includes('STRICT'))
        return isAlone ? [service] : []
      }),
  )
  return perService.flat()
}

const isMeshed = ({ meshed }: MeshService['perCluster'][number]): boolean => meshed.length > 0

const encrypts = (policy: z.infer<typeof Policy>): boolean =>
  ['ISTIO_MUTUAL', 'MUTUAL'].includes(policy?.tls?.mode ?? '')

/**
 * Pods without a sidecar beside servers that require mutual TLS, in a note: such servers refuse them, and whether they
 * ask any is not known.
 */
const refusedWithoutSidecar = async (mesh: Survey, services: MeshService[]): Promise<string[]> => {
  const strict = await Promise.all(
    services.map(async (service) => ((await strictIn(mesh, service)) === undefined ? [] : [service.namespace])),
  )
  const namespaces = new Set(strict.flat())
  const perCluster = await Promise.all(
    mesh.clusters.map(async ({ name, reads }) =>
      (await reads.pods())
        .filter(
          (pod) =>
            namespaces.has(pod.metadata?.namespace ?? '') &&
            isRunning(pod) &&
            // Ambient’s ztunnel speaks mutual TLS for a pod.
            pod.metadata?.annotations?.['ambient.istio.io/redirection'] !== 'enabled' &&
            proxyOf(pod) === undefined,
        )
        .map((pod) => `${name} ${placeOf(pod)}`),
    ),
  )
  const pods = perCluster.flat()
  const more = pods.length > named ? ` and ${pods.length - named} more` : ''
  return pods.length === 0
    ? []
    : [`without a sidecar, so servers that require mutual TLS refuse them: ${pods.slice(0, named).join(', ')}${more}`]
}

/** The PeerAuthentication that requires mutual TLS of a service’s servers in some cluster. */
const strictIn = async (mesh: Survey, service: MeshService): Promise<string | undefined> =>
  (await decidingIn(mesh, service)).find(({ isStrict }) => isStrict)?.place

/** The modes of the PeerAuthentications that decide for a service’s servers. */
const modesOf = async (mesh: Survey, service: MeshService): Promise<string[]> =>
  (await decidingIn(mesh, service)).flatMap(({ modes }) => modes)

/** The PeerAuthentications that decide for a service’s servers, one of each cluster that has some. */
const decidingIn = async (mesh: Survey, service: MeshService): Promise<Deciding[]> => {
  const perPart = await Promise.all(
    service.perCluster.filter(isMeshed).map(async (part) => {
      const reader = servedBy(mesh, part.cluster)
      if (!reader) return []
      const policies = await reader.reads.istio('PeerAuthentication')
      const server = await serverOf(service, part)
      const root = await policyRootOf(reader)
      const deciding = decidingFor(policies, service.namespace, root, server?.metadata?.labels ?? {})
      return deciding ? [{ ...deciding, place: `${deciding.place} of ${part.cluster.name}` }] : []
    }),
  )
  return perPart.flat()
}

type Deciding = { place: string; modes: string[]; isStrict: boolean }

/**
 * The PeerAuthentication that decides for a pod: one that selects it, then the one of its namespace, then the one of
 * the mesh (Istio’s reference of PeerAuthentication). One that makes an exception for a port is not strict.
 */
const decidingFor = (
  policies: Manifest[],
  namespace: string,
  rootNamespace: string,
  labels: Readonly<Record<string, string>>,
): Deciding | undefined => {
  const known = policies.flatMap((policy) => {
    const spec = PeerAuthentication.safeParse(policy['spec'] ?? {}).data
    const mode = spec?.mtls?.mode ?? 'UNSET'
    if (!spec || mode === 'UNSET') return []
    const ofPorts = Object.values(spec.portLevelMtls).map((port) => port.mode)
    const isStrict = [mode, ...ofPorts].every((stated) => stated === 'STRICT')
    const selector = Object.entries(spec.selector?.matchLabels ?? {})
    return [{ place: placeOf(policy), of: policy.metadata?.namespace, selector, modes: [mode, ...ofPorts], isStrict }]
  })
  const own = known.filter((policy) => policy.of === namespace)
  return (
    own.find(({ selector }) => selector.length > 0 && selector.every(([key, value]) => labels[key] === value)) ??
    own.find(({ selector }) => selector.length === 0) ??
    known.find((policy) => policy.of === rootNamespace && policy.selector.length === 0)
  )
}

/** The SPIFFE identities of a service’s servers: service accounts in the trust domain of their control plane. */
const identitiesOf = async (mesh: Survey, { namespace, perCluster }: MeshService): Promise<string[]> => {
  const perPart = await Promise.all(
    perCluster.map(async ({ cluster, meshed }) => {
      const reader = servedBy(mesh, cluster)
      const domain = (reader && (await meshConfigOf(reader.reads)).trustDomain) || defaultTrustDomain
      return (await cluster.reads.podsIn(namespace))
        .filter(({ status }) => meshed.includes(status?.podIP ?? ''))
        .map(({ spec }) => `spiffe://${domain}/ns/${namespace}/sa/${spec?.serviceAccountName ?? 'default'}`)
    }),
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
    domain: config.trustDomain || defaultTrustDomain,
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
