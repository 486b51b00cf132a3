import type { V1Pod, V1Service } from '@kubernetes/client-node'
import { z } from 'zod'
import type { Survey, SurveyedCluster } from '#probes/survey/survey.ts'
import type { Manifest } from '#kube/client.ts'
import { meshConfigOf, policyRootOf } from '#probes/survey/mesh-config.ts'
import { severalNetworks } from '#topology/networks.ts'
import { primariesOf } from '#topology/roles.ts'
import type { FindingCode } from '#diagnosis/findings.ts'
import { kubectl, servedBy, type Finding } from '#diagnosis/layer.ts'
import { placeOf } from '#diagnosis/places.ts'
import { decidedBy, rulesInUse } from '#diagnosis/rule-hosts.ts'
import { selects } from '#diagnosis/selects.ts'
import type { MeshService } from '#diagnosis/shared-services.ts'
import { namesHost } from '#istio/host-pattern.ts'

const Tls = z.object({ mode: z.string().default(''), sni: z.string().optional() }).optional()
const TrafficPolicy = z
  .object({
    tls: Tls,
    portLevelSettings: z.array(z.object({ tls: Tls })).default([]),
    loadBalancer: z.object({ consistentHash: z.unknown().optional() }).optional(),
    proxyProtocol: z.unknown().optional(),
  })
  .optional()
const DestinationRule = z.object({
  host: z.string().default(''),
  trafficPolicy: TrafficPolicy,
  subsets: z.array(z.object({ trafficPolicy: TrafficPolicy })).default([]),
})
const PeerAuthentication = z.object({
  selector: z.object({ matchLabels: z.record(z.string(), z.string()).default({}) }).optional(),
  mtls: z.object({ mode: z.string().default('UNSET') }).optional(),
  portLevelMtls: z.record(z.string(), z.object({ mode: z.string().default('UNSET') })).default({}),
})
const Sidecar = z.object({
  egress: z
    .array(
      z.object({
        hosts: z.array(z.string()).default([]),
        port: z.object({ number: z.number().optional() }).optional(),
      }),
    )
    .optional(),
})

/** The annotation by which a service says to which namespaces it is exported. */
export const exportToAnnotation = 'networking.istio.io/exportTo'

/**
 * What rules do to shared services whatever a client holds for them: TLS of their own, and clients that stick to one
 * server.
 */
export const policyFindings = async (mesh: Survey, services: MeshService[]): Promise<Finding[]> => {
  const perPrimary = await Promise.all(
    primariesOf(mesh).map(async (primary) => {
      const rules = await rulesInUse(mesh, primary, services)
      return rules.flatMap((rule): Finding[] => {
        const spec = DestinationRule.safeParse(rule['spec']).data
        const decided = decidedBy(rule, rules, services).filter(({ perCluster }) =>
          perCluster.some(({ meshed }) => meshed.length > 0),
        )
        if (!spec || decided.length === 0) return []
        const effect = effectOf(spec, severalNetworks(mesh))
        if (!effect) return []
        const { set, ...named } = effect
        return decided.map(({ host }) => ({
          ...named,
          where: `${host} in ${primary.name}`,
          evidence: [`DestinationRule ${placeOf(rule)} ${set} for ${host}`],
          fix: kubectl(
            primary,
            `-n ${rule.metadata?.namespace ?? ''} get destinationrule ${rule.metadata?.name ?? ''} -o yaml`,
          ),
        }))
      })
    }),
  )
  return perPrimary.flat()
}

/** What a rule does to requests of the mesh, the worst first; undefined where it does nothing of the kind. */
const effectOf = (
  { trafficPolicy, subsets }: z.infer<typeof DestinationRule>,
  acrossNetworks: boolean,
): { code: FindingCode; cause?: string; set: string } | undefined => {
  const policies = [trafficPolicy, ...subsets.map((subset) => subset.trafficPolicy)]
  const settings = policies.flatMap((policy) => [
    policy?.tls,
    ...(policy?.portLevelSettings ?? []).map(({ tls }) => tls),
  ])
  const mode = settings
    .map((tls) => tls?.mode)
    .find((set) => set === 'SIMPLE' || set === 'MUTUAL' || (set === 'DISABLE' && acrossNetworks))
  if (mode) return { code: 'MP-896', set: `sets tls.mode ${mode}` }
  const sni = acrossNetworks ? settings.find((tls) => tls?.sni)?.sni : undefined
  if (sni !== undefined)
    return {
      code: 'MP-896',
      cause: 'a DestinationRule sets a server name that gateways between networks do not know',
      set: `sets tls.sni ${sni}`,
    }
  if (policies.some((policy) => policy?.proxyProtocol !== undefined))
    return {
      code: 'MP-896',
      cause: 'a DestinationRule sends a PROXY header, which servers of the mesh refuse',
      set: 'sets proxyProtocol',
    }
  return policies.some((policy) => policy?.loadBalancer?.consistentHash !== undefined)
    ? { code: 'MP-898', set: 'has loadBalancer.consistentHash' }
    : undefined
}

/**
 * Why a client does not know a service’s pods in other clusters: a Sidecar, the service’s own annotation, or
 * plaintext across networks; undefined where none of them says so.
 */
export const whyUnknown = async (
  mesh: Survey,
  client: SurveyedCluster,
  clientNamespace: string,
  service: MeshService,
  unknown: SurveyedCluster[],
): Promise<Finding | undefined> => {
  const reader = servedBy(mesh, client)
  const { host, namespace } = service
  const root = reader ? await policyRootOf(reader) : mesh.istioNamespace
  const sidecar = ((await reader?.reads.istio('Sidecar')) ?? []).find(
    (candidate) =>
      [clientNamespace, root].includes(candidate.metadata?.namespace ?? '') &&
      leavesOut(candidate, clientNamespace, service),
  )
  if (reader && sidecar)
    return {
      code: 'MP-894',
      where: `${host} for ${client.name} ${clientNamespace}`,
      evidence: [`Sidecar ${placeOf(sidecar)} names no host of namespace ${namespace} at the service’s ports`],
      fix: kubectl(
        reader,
        `-n ${sidecar.metadata?.namespace ?? ''} get sidecar ${sidecar.metadata?.name ?? ''} -o yaml`,
      ),
    }
  const onNode = service.perCluster.find(({ service: part }) => part?.spec?.internalTrafficPolicy === 'Local')
  if (onNode)
    return {
      code: 'MP-892',
      cause: 'a service’s internalTrafficPolicy keeps requests on the client’s own node',
      where: `${host} in ${onNode.cluster.name}`,
      evidence: [`service ${namespace}/${service.name} of ${onNode.cluster.name} has internalTrafficPolicy Local`],
      fix: kubectl(
        onNode.cluster,
        `-n ${namespace} patch service ${service.name} -p '{"spec":{"internalTrafficPolicy":"Cluster"}}'`,
      ),
    }
  const { defaultServiceExportTo } = reader ? await meshConfigOf(reader.reads) : {}
  const exportedTo = (part: V1Service | undefined): string | undefined =>
    part?.metadata?.annotations?.[exportToAnnotation] ?? defaultServiceExportTo?.join(',')
  const hidden = service.perCluster.find(
    ({ service: part }) => part && hides(exportedTo(part), namespace, clientNamespace),
  )
  if (hidden) {
    const byDefault = hidden.service?.metadata?.annotations?.[exportToAnnotation] === undefined
    return {
      code: 'MP-895',
      where: `${host} in ${hidden.cluster.name}`,
      evidence: [
        `${byDefault ? 'defaultServiceExportTo of the mesh config' : 'networking.istio.io/exportTo'} is ` +
          `${exportedTo(hidden.service) ?? ''}; its client is in ${clientNamespace}`,
      ],
      fix: kubectl(
        hidden.cluster,
        `-n ${namespace} annotate --overwrite service ${service.name} networking.istio.io/exportTo='*'`,
      ),
    }
  }
  for (const server of unknown.filter(({ network }) => network !== client.network)) {
    const part = service.perCluster.find(({ cluster }) => cluster === server)?.service
    const pods = (await server.reads.podsIn(namespace)).filter(
      ({ metadata }) => part !== undefined && selects(part, metadata?.labels),
    )
    const asPlain = pods.find(({ metadata }) => metadata?.labels?.[tlsMode] === 'disabled')
    if (asPlain)
      return {
        code: 'MP-893',
        cause: 'pods are labelled as if they took no mutual TLS, and plaintext does not cross networks',
        where: `${host} in ${server.name}`,
        evidence: [`${placeOf(asPlain)} has the label ${tlsMode}=disabled`],
        fix: kubectl(server, `-n ${namespace} get pods -l ${tlsMode}=disabled`),
      }
    // The client’s control plane leaves them out, by the policies that it reads; the server’s may read others.
    const readers = new Set([servedBy(mesh, client), servedBy(mesh, server)].filter((control) => control !== undefined))
    for (const control of readers) {
      const policy = (await control.reads.istio('PeerAuthentication')).find((candidate) =>
        disables(candidate, [namespace, root], pods),
      )
      if (policy)
        return {
          code: 'MP-893',
          where: `${host} in ${server.name}`,
          evidence: [
            `PeerAuthentication ${placeOf(policy)} turns mutual TLS off (DISABLE)` +
              (readers.size > 1 ? `, in what istiod of ${control.name} reads` : ''),
          ],
          fix: kubectl(
            control,
            `-n ${policy.metadata?.namespace ?? ''} get peerauthentication ${policy.metadata?.name ?? ''} -o yaml`,
          ),
          clusters: [client.name, server.name],
        }
    }
  }
  return undefined
}

/** The label by which Istio’s injector says whether a pod takes mutual TLS. */
const tlsMode = 'security.istio.io/tlsMode'

/** Whether a policy turns mutual TLS off for servers: all of them, those that it selects, or a port of them. */
const disables = (
  { metadata, spec }: Manifest & { spec?: unknown },
  namespaces: string[],
  pods: readonly V1Pod[],
): boolean => {
  const policy = PeerAuthentication.safeParse(spec).data
  const selector = Object.entries(policy?.selector?.matchLabels ?? {})
  const modes = [policy?.mtls?.mode, ...Object.values(policy?.portLevelMtls ?? {}).map(({ mode }) => mode)]
  return (
    namespaces.includes(metadata?.namespace ?? '') &&
    modes.includes('DISABLE') &&
    (selector.length === 0 ||
      pods.some((pod) => selector.every(([key, value]) => pod.metadata?.labels?.[key] === value)))
  )
}

const leavesOut = (
  { metadata, spec }: Manifest & { spec?: unknown },
  clientNamespace: string,
  { namespace, host, perCluster }: MeshService,
): boolean => {
  const egress = Sidecar.safeParse(spec).data?.egress ?? []
  if (egress.length === 0) return false
  const ports = new Set(perCluster.flatMap(({ service }) => (service?.spec?.ports ?? []).map(({ port }) => port)))
  const hosts = egress
    .filter(({ port }) => port?.number === undefined || ports.has(port.number))
    .flatMap((listener) => listener.hosts)
  return !hosts.some((pattern) => {
    const [where = '', name = ''] = pattern.split('/')
    const inNamespace =
      where === '*' ||
      where === namespace ||
      (where === '.' && (metadata?.namespace === namespace || clientNamespace === namespace))
    return inNamespace && namesHost(name, host)
  })
}

const hides = (exportTo: string | undefined, namespace: string, clientNamespace: string): boolean => {
  const to = (exportTo ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)
  return (
    to.length > 0 &&
    !to.includes('*') &&
    !to.includes(clientNamespace) &&
    !(to.includes('.') && namespace === clientNamespace)
  )
}
