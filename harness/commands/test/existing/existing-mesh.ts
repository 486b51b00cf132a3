import { parse } from 'yaml'
import { z } from 'zod'
import type { ExistingMeshCluster, ExistingMesh } from '#checks/existing-target.ts'
import type { GatewayRef } from '#checks/target.ts'
import { entrancesInto, networkGateways, type NetworkGateways } from '#diagnosis/network-gateways.ts'
import type { Admission } from '#diagnosis/new-namespace.ts'
import { MeshproofError } from '#errors.ts'
import { crossNetworkPort } from '#istio/gateway.ts'
import { injectionLabel, istiodOf, revised } from '#istio/revision.ts'
import { outsideAddresses } from '#istio/service-address.ts'
import { selectorOf } from '#kube/roll-out.ts'
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
        ...(await injectionOf(cluster)),
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
    trustDomain: await trustDomainOf(clusters),
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

/** The labels by which namespaces get sidecars: of the default revision where there is one, else of the first one. */
const injectionOf = async ({
  reads,
  istioNamespace,
}: SurveyedCluster): Promise<Pick<ExistingMeshCluster, 'injection' | 'discovery'>> => {
  const injectors = await reads.injectors()
  const byDefault = injectors.find(({ webhooks }) =>
    (webhooks ?? []).some(({ namespaceSelector }) =>
      namespaceSelector?.matchExpressions?.some(
        ({ key, operator, values }) => key === 'istio-injection' && operator === 'In' && values?.includes('enabled'),
      ),
    ),
  )
  const labels = (byDefault ?? injectors[0])?.metadata?.labels
  const revision = labels?.['istio.io/rev'] ?? 'default'
  return {
    discovery: `${istiodOf(revised(revision))}.${istioNamespace}.svc:15012`,
    injection: injectionLabel(byDefault || revision === 'default' ? 'default' : (labels?.['istio.io/tag'] ?? revision)),
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

const MeshConfig = z.looseObject({ trustDomain: z.string().default('cluster.local') })

const trustDomainOf = async (clusters: SurveyedCluster[]): Promise<string> => {
  const map = await clusters.find(({ role }) => role === 'primary')?.reads.configMap('istio')
  return MeshConfig.safeParse(parse(map?.data?.['mesh'] ?? '{}')).data?.trustDomain || 'cluster.local'
}
