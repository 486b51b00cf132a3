import type { V1Pod, V1Service } from '@kubernetes/client-node'
import { z } from 'zod'
import { kubectl, servedBy, type Finding } from '#diagnosis/layer.ts'
import { placeOf } from '#diagnosis/places.ts'
import { selects } from '#diagnosis/selects.ts'
import type { MeshService } from '#diagnosis/shared-services.ts'
import { namesHost } from '#istio/host-pattern.ts'
import type { Manifest } from '#kube/client.ts'
import { meshConfigOf, policyRootOf } from '#probes/survey/mesh-config.ts'
import type { Survey, SurveyedCluster } from '#probes/survey/survey.ts'

/** What is asked: a client, a service, and the clusters whose pods of it the client should know and does not. */
export type Missing = {
  client: SurveyedCluster
  clientNamespace: string
  service: MeshService
  unknown: SurveyedCluster[]
  /** Whether the client knows any pod of the service. */
  knowsSome?: boolean
}

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
 * Why a client does not know a service’s pods in other clusters: a Sidecar, the service’s own settings, or
 * plaintext across networks; undefined where none of them says so.
 */
export const whyUnknown = async (mesh: Survey, missing: Missing): Promise<Finding | undefined> =>
  (await leftOutBySidecar(mesh, missing)) ??
  keptOnItsNode(missing) ??
  (await notExported(mesh, missing)) ??
  (await inPlaintext(mesh, missing))

/** The namespace of the policies that hold in the whole mesh, as the client’s control plane reads them. */
const rootFor = async (mesh: Survey, client: SurveyedCluster): Promise<string> => {
  const reader = servedBy(mesh, client)
  return reader ? policyRootOf(reader) : mesh.istioNamespace
}

const leftOutBySidecar = async (
  mesh: Survey,
  { client, clientNamespace, service }: Missing,
): Promise<Finding | undefined> => {
  const reader = servedBy(mesh, client)
  if (!reader) return undefined
  const namespaces = [clientNamespace, await rootFor(mesh, client)]
  const sidecar = (await reader.reads.istio('Sidecar')).find(
    (candidate) =>
      namespaces.includes(candidate.metadata?.namespace ?? '') && leavesOut(candidate, clientNamespace, service),
  )
  return (
    sidecar && {
      code: 'MP-894',
      where: `${service.host} for ${client.name} ${clientNamespace}`,
      evidence: [`Sidecar ${placeOf(sidecar)} names no host of ${service.namespace} at the ports of the service`],
      fix: kubectl(
        reader,
        `-n ${sidecar.metadata?.namespace ?? ''} get sidecar ${sidecar.metadata?.name ?? ''} -o yaml`,
      ),
    }
  )
}

const keptOnItsNode = ({ service: { host, name, namespace, perCluster } }: Missing): Finding | undefined => {
  const onNode = perCluster.find(({ service }) => service?.spec?.internalTrafficPolicy === 'Local')
  return (
    onNode && {
      code: 'MP-892',
      cause: 'a service’s internalTrafficPolicy keeps requests on the client’s own node',
      where: `${host} in ${onNode.cluster.name}`,
      evidence: [`service ${namespace}/${name} of ${onNode.cluster.name} has internalTrafficPolicy Local`],
      fix: kubectl(
        onNode.cluster,
        `-n ${namespace} patch service ${name} -p '{"spec":{"internalTrafficPolicy":"Cluster"}}'`,
      ),
    }
  )
}

const notExported = async (
  mesh: Survey,
  { client, clientNamespace, service: { host, name, namespace, perCluster } }: Missing,
): Promise<Finding | undefined> => {
  const reader = servedBy(mesh, client)
  const { defaultServiceExportTo } = reader ? await meshConfigOf(reader.reads) : {}
  const exportedTo = (service: V1Service | undefined): string | undefined =>
    service?.metadata?.annotations?.[exportToAnnotation] ?? defaultServiceExportTo?.join(',')
  const hidden = perCluster.find(({ service }) => service && hides(exportedTo(service), namespace, clientNamespace))
  if (!hidden) return undefined
  const byDefault = hidden.service?.metadata?.annotations?.[exportToAnnotation] === undefined
  return {
    code: 'MP-895',
    where: `${host} in ${hidden.cluster.name}`,
    evidence: [
      `${byDefault ? 'defaultServiceExportTo of the mesh config' : exportToAnnotation} is ` +
        `${exportedTo(hidden.service) ?? ''}; its client is in ${clientNamespace}`,
    ],
    fix: kubectl(hidden.cluster, `-n ${namespace} annotate --overwrite service ${name} ${exportToAnnotation}='*'`),
  }
}

/** Plaintext does not cross networks: a pod may be labelled as if it took nothing else, or a policy may say so. */
const inPlaintext = async (mesh: Survey, { client, service, unknown }: Missing): Promise<Finding | undefined> => {
  const { host, namespace, perCluster } = service
  const namespaces = [namespace, await rootFor(mesh, client)]
  for (const server of unknown.filter(({ network }) => network !== client.network)) {
    const part = perCluster.find(({ cluster }) => cluster === server)?.service
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
        disables(candidate, namespaces, pods),
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
