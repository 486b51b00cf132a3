import { z } from 'zod'
import { injectionLabel } from '#istio/revision.ts'
import type { Manifest } from '#kube/client.ts'
import { meshConfigOf, policyRootOf, type MeshConfig } from '#probes/survey/mesh-config.ts'
import type { Survey } from '#probes/survey/survey.ts'
import { primariesOf } from '#topology/roles.ts'
import { AuthorizationPolicy } from './authorization.ts'
import { isInjected } from './injected.ts'
import { isSelected } from './mesh-namespaces.ts'

/** What a namespace that is added to a mesh needs, so that the mesh treats it as its own. */
export type Admission = {
  /** Labels by which control planes that choose namespaces (`discoverySelectors`) follow it. */
  labels: Record<string, string>
  /** Whether policies of the whole mesh let in only whom they name, so that the namespace needs an allowance. */
  needsAllowance: boolean
  /** Whether Sidecars of the whole mesh leave the namespace’s own services out, so that it needs one of its own. */
  needsSidecar: boolean
  /** Whether services are known in their own namespace alone unless they say otherwise. */
  needsExport: boolean
  /**
   * By primary: what a rule of the whole mesh says of every service, without what makes clients prefer some servers;
   * none where there is no such rule.
   */
  trafficPolicies: Record<string, TrafficPolicy>
}

/** A traffic policy as a DestinationRule has it. */
export type TrafficPolicy = Record<string, unknown>

/** Reads what a new namespace needs in a mesh. @throws MeshproofError where its configuration cannot be read. */
export const admissionTo = async (mesh: Pick<Survey, 'clusters' | 'domain'>): Promise<Admission> => {
  const primaries = primariesOf(mesh)
  const configs = await Promise.all(primaries.map(({ reads }) => meshConfigOf(reads)))
  const allowing = await Promise.all(primaries.map(hasAllowingPolicy))
  const limiting = await Promise.all(primaries.map(hasLimitingSidecar))
  const policies = await Promise.all(
    primaries.map(async (primary) => [primary.name, await evenPolicyOf(primary, mesh.domain)] as const),
  )
  return {
    labels: configs.reduce(
      (labels: Record<string, string>, config) => ({ ...labels, ...followed(config, labels) }),
      {},
    ),
    needsAllowance: allowing.includes(true),
    needsSidecar: limiting.includes(true),
    needsExport: configs.some(({ defaultServiceExportTo: to }) => to?.length && !to.includes('*')),
    trafficPolicies: Object.fromEntries(policies.flatMap(([name, policy]) => (policy ? [[name, policy]] : []))),
  }
}

/**
 * By which labels a namespace of a cluster gets sidecars, and of which revision: the default one where there is one;
 * else one that a namespace asks for, or the first.
 */
export const injectionIn = async ({
  reads,
  istioNamespace,
}: Pick<Survey['clusters'][number], 'reads' | 'istioNamespace'>): Promise<{
  labels: Record<string, string>
  revision: string
}> => {
  const [all, namespaces] = await Promise.all([reads.injectors(), reads.namespaces()])
  const injectors = all.filter(({ webhooks = [] }) =>
    webhooks.some(({ clientConfig: { service } }) => (service?.namespace ?? istioNamespace) === istioNamespace),
  )
  const byDefault = injectors.find((injector) =>
    isInjected([injector], { metadata: { labels: { 'istio-injection': 'enabled' } } }, {}),
  )
  const asked = new Set(namespaces.map(({ metadata }) => metadata?.labels?.['istio.io/rev']))
  const wordOf = ({ metadata }: (typeof injectors)[number]): string =>
    metadata?.labels?.['istio.io/tag'] ?? metadata?.labels?.['istio.io/rev'] ?? 'default'
  const chosen = byDefault ?? injectors.find((injector) => asked.has(wordOf(injector))) ?? injectors[0]
  return {
    labels: injectionLabel(byDefault || !chosen ? 'default' : wordOf(chosen)),
    revision: chosen?.metadata?.labels?.['istio.io/rev'] ?? 'default',
  }
}

/** What a namespace gets in the cluster of a control plane, so that the mesh treats it as its own. */
export const admittingObjects = (
  { needsAllowance, needsSidecar, trafficPolicies }: Admission,
  { namespace, domain, primary }: { namespace: string; domain: string; primary: string },
): Manifest[] => {
  const policy = trafficPolicies[primary]
  return [
    ...(needsAllowance ? [allowance(namespace)] : []),
    ...(needsSidecar ? [ownSidecar(namespace)] : []),
    ...(policy ? [ownRule(namespace, domain, policy)] : []),
  ]
}

const exportedToAll = { 'networking.istio.io/exportTo': '*' }

/** A service that every namespace knows, where a mesh does not export services by itself. */
export const exported = (object: Manifest, { needsExport }: Admission): Manifest =>
  object.kind === 'Service' && needsExport
    ? { ...object, metadata: Object.assign({}, object.metadata, { annotations: exportedToAll }) }
    : object

const ownSidecar = (namespace: string): Manifest => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'Sidecar',
  metadata: { name: 'meshproof', namespace },
  spec: { egress: [{ hosts: ['./*'] }] },
})

/** A rule for every service of a namespace. One for a single service comes before it. */
const ownRule = (namespace: string, domain: string, trafficPolicy: TrafficPolicy): Manifest => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'DestinationRule',
  metadata: { name: 'meshproof', namespace },
  spec: { host: `*.${namespace}.svc.${domain}`, trafficPolicy },
})

/** The labels that a mesh config wants of a namespace beside those that it has. */
const followed = (config: MeshConfig, labels: Record<string, string>): Record<string, string> => {
  const wanted = [{}, ...(config.discoverySelectors ?? []).map(labelsFor)]
  return wanted.find((more) => isSelected(config, { ...labels, ...more })) ?? {}
}

type Selector = NonNullable<MeshConfig['discoverySelectors']>[number]

/** Labels that a selector takes. The API server writes the label of a namespace’s name itself. */
const labelsFor = ({ matchLabels = {}, matchExpressions = [] }: Selector): Record<string, string> => {
  const expressed = matchExpressions.flatMap(({ key, operator, values: [first = 'true'] = [] }) =>
    operator === 'In' || operator === 'Exists' ? [[key, first] as const] : [],
  )
  return Object.fromEntries(
    [...Object.entries(matchLabels), ...expressed].filter(([key]) => key !== 'kubernetes.io/metadata.name'),
  )
}

const Spec = z.record(z.string(), z.unknown()).catch({})

/**
 * Whether the whole mesh has a policy that allows: whatever no such policy names is then refused. None where policies
 * cannot be read.
 */
const hasAllowingPolicy = async (primary: Survey['clusters'][number]): Promise<boolean> => {
  const root = await policyRootOf(primary)
  const policies = await primary.reads.istio('AuthorizationPolicy').catch((): Manifest[] => [])
  return policies.some(({ metadata, spec }) => {
    const isOfSome = ['selector', 'targetRef', 'targetRefs'].some((field) => field in Spec.parse(spec))
    return (
      metadata?.namespace === root && !isOfSome && AuthorizationPolicy.safeParse(spec ?? {}).data?.action === 'ALLOW'
    )
  })
}

const ofRoot = async (
  primary: Survey['clusters'][number],
  kind: 'Sidecar' | 'DestinationRule',
): Promise<Record<string, unknown>[]> => {
  const root = await policyRootOf(primary)
  const objects = await primary.reads.istio(kind).catch((): Manifest[] => [])
  return objects
    .filter(({ metadata, spec }) => metadata?.namespace === root && !('workloadSelector' in Spec.parse(spec)))
    .map(({ spec }) => Spec.parse(spec))
}

const Egress = z.array(z.object({ hosts: z.array(z.string()).default([]) })).catch([])

/** Whether clients of a new namespace would not know its services, by a Sidecar of the whole mesh. */
const hasLimitingSidecar = async (primary: Survey['clusters'][number]): Promise<boolean> =>
  (await ofRoot(primary, 'Sidecar')).some(({ egress }) => {
    const hosts = Egress.parse(egress).flatMap((listener) => listener.hosts)
    return hosts.length > 0 && !hosts.some((host) => host === './*' || host === '*/*')
  })

const Policy = z.looseObject({ portLevelSettings: z.array(z.record(z.string(), z.unknown())).optional() })
const Rule = z.object({ host: z.string(), trafficPolicy: Policy.default({}), exportTo: z.array(z.string()).optional() })

/** Settings of a rule that make clients prefer some servers, or leave some out for a while. */
const preferring = ['loadBalancer', 'outlierDetection']

/**
 * The traffic policy of the rule of the whole mesh that is for services of any namespace, without what makes clients
 * prefer some servers, which the mesh config can do as well. Undefined where there is neither.
 */
const evenPolicyOf = async (
  primary: Survey['clusters'][number],
  domain: string,
): Promise<TrafficPolicy | undefined> => {
  const rules = (await ofRoot(primary, 'DestinationRule')).flatMap((spec) => Rule.safeParse(spec).data ?? [])
  const [rule] = rules
    .filter(
      ({ host, exportTo = ['*'] }) =>
        host.startsWith('*') && `.svc.${domain}`.endsWith(host.slice(1)) && exportTo.includes('*'),
    )
    .toSorted((first, second) => second.host.length - first.host.length)
  const { localityLbSetting } = await meshConfigOf(primary.reads)
  if (!rule && !localityLbSetting?.distribute?.length) return undefined
  const { portLevelSettings = [], ...policy } = rule?.trafficPolicy ?? {}
  const evenly = (part: TrafficPolicy): TrafficPolicy => ({
    ...Object.fromEntries(Object.entries(part).filter(([setting]) => !preferring.includes(setting))),
    loadBalancer: { localityLbSetting: { enabled: false } },
  })
  return {
    ...evenly(policy),
    ...(portLevelSettings.length > 0 ? { portLevelSettings: portLevelSettings.map(evenly) } : {}),
  }
}

/** Lets every client into a namespace, which is what no policy at all means elsewhere. */
const allowance = (namespace: string): Manifest => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: { name: 'meshproof', namespace },
  spec: { rules: [{}] },
})
