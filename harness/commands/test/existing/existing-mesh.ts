import { z } from 'zod'
import type { ExistingMeshCluster, ExistingMesh } from '#checks/existing-target.ts'
import type { GatewayRef } from '#checks/target.ts'
import { entrancesInto, networkGateways, type NetworkGateways } from '#diagnosis/network-gateways.ts'
import { type Admission, injectionIn } from '#diagnosis/new-namespace.ts'
import { servedBy } from '#diagnosis/layer.ts'
import { MeshproofError } from '#errors.ts'
import { crossNetworkPort } from '#istio/gateway.ts'
import { istiodOf, revised } from '#istio/revision.ts'
import { outsideAddresses } from '#istio/service-address.ts'
import { selectorOf } from '#kube/roll-out.ts'
import { defaultTrustDomain, injectorMapOf, meshConfigOf } from '#probes/survey/mesh-config.ts'
import type { Survey, SurveyedCluster } from '#probes/survey/survey.ts'
import { severalNetworks } from '#topology/networks.ts'
import type { Mtls } from '#topology/topology-file.ts'
import { versions } from '#topology/topology-schema.ts'
import { withheldBy } from './withheld.ts'

/**
 * Prepares a surveyed mesh for its test: a version of helloworld for each cluster, the labels that inject sidecars,
 * its gateways, and what the mesh withholds. It only reads.
 * @throws MeshproofError MP-145 for more or fewer clusters than a test supports, or two clusters of the same name.
 */
export const prepareExistingMesh = async (
  mesh: Survey,
  mtls: Mtls,
  kubeconfig: string | undefined,
  admission: Admission,
): Promise<ExistingMesh> => {
  const { clusters, topology, domain, istioNamespace } = mesh
  const names = clusters.map(({ name }) => name)
  const duplicate = names.find((name, index) => names.indexOf(name) !== index)
  if (duplicate !== undefined || clusters.length > versions.length || clusters.length < 2) {
    throw new MeshproofError('MP-145', {
      what:
        duplicate === undefined
          ? `A mesh of two to ${versions.length} clusters is tested`
          : `Two clusters call themselves “${duplicate}”`,
      where: clusters.map(({ context, name }) => `${context}: ${name}`).join(', '),
      next: nextFor(clusters.length, duplicate),
    })
  }
  const gateways = severalNetworks({ clusters }) ? await networkGateways(mesh) : []
  const prepared = await Promise.all(
    clusters.map(async (cluster, index): Promise<ExistingMeshCluster> => {
      const own = gateways.find(({ network: entered }) => entered === cluster.network)
      const gateway = own && (await gatewayOf(cluster, own))
      const entrances = own ? entrancesInto(own, cluster.name) : []
      const { name, role, network, context, istiodHost } = cluster
      return {
        name,
        role,
        network,
        context,
        version: versions[index] ?? 'v4',
        trustDomain: await trustDomainOf(servedBy(mesh, cluster) ?? cluster),
        ...(await injectionOf(mesh, cluster)),
        ...(gateway ? { gateway } : {}),
        ...(entrances.length > 0 ? { entrances } : {}),
        ...(istiodHost ? { istiodIn: istiodHost.name } : {}),
      }
    }),
  )
  return {
    name: topology,
    procedure: topology,
    mtls,
    clusters: prepared,
    istioNamespace,
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    trustDomain: prepared.find(({ role }) => role === 'primary')?.trustDomain ?? defaultTrustDomain,
    domain,
    withheld: await withheldBy(clusters, prepared),
    admission,
    since: new Date().toISOString(),
  }
}

const nextFor = (count: number, duplicate: string | undefined): string => {
  if (duplicate !== undefined)
    return 'Give each a global.multiCluster.clusterName of its own: a control plane cannot tell them apart.'
  return count < 2
    ? 'Name more with --contexts. A cluster that has only the istiod of another one does not count.'
    : 'Name fewer with --contexts: the checks do not send requests from the others, which may still answer.'
}

const InjectorValues = z.object({ global: z.object({ caAddress: z.string().optional() }).optional() })

/**
 * The labels by which a namespace gets sidecars, and who signs their certificates: mostly istiod, at the address that
 * its injector writes for a revision.
 */
const injectionOf = async (
  mesh: Survey,
  cluster: SurveyedCluster,
): Promise<Pick<ExistingMeshCluster, 'injection' | 'discovery'>> => {
  const { labels, revision } = await injectionIn(cluster)
  const serving = servedBy(mesh, cluster) ?? cluster
  const values = (await injectorMapOf(serving.reads))?.data?.['values'] ?? '{}'
  const { caAddress } = InjectorValues.safeParse(JSON.parse(values)).data?.global ?? {}
  return {
    discovery: caAddress || `${istiodOf(revised(revision))}.${cluster.istioNamespace}.svc:15012`,
    injection: labels,
  }
}

/**
 * The cluster’s east-west gateway, whose pods are asked: one that istiod knows, else a load balancer with its port.
 * Of several, one that has an address.
 */
const gatewayOf = async (cluster: SurveyedCluster, { services }: NetworkGateways): Promise<GatewayRef | undefined> => {
  const own = services.filter((gateway) => gateway.cluster === cluster).map(({ service }) => service)
  const balanced = (await cluster.reads.services()).filter(
    ({ spec }) => spec?.type === 'LoadBalancer' && spec.ports?.some(({ port }) => port === crossNetworkPort),
  )
  const candidates = own.length > 0 ? own : balanced
  const { metadata, spec } = candidates.find((service) => outsideAddresses(service).length > 0) ?? candidates[0] ?? {}
  if (!metadata?.name || !metadata.namespace) return undefined
  return {
    service: { apiVersion: 'v1', kind: 'Service', name: metadata.name, namespace: metadata.namespace },
    selector: selectorOf(spec?.selector),
  }
}

const trustDomainOf = async ({ reads }: SurveyedCluster): Promise<string> =>
  (await meshConfigOf(reads)).trustDomain || defaultTrustDomain
