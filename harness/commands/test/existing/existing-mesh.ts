import { parse } from 'yaml'
import { z } from 'zod'
import type { ExistingMeshCluster, ExistingMesh } from '#checks/existing-target.ts'
import type { GatewayRef } from '#checks/target.ts'
import { MeshproofError } from '#errors.ts'
import { injectionLabel, istiodOf, revised } from '#istio/revision.ts'
import { addressOf } from '#istio/service-address.ts'
import { selectorOf } from '#kube/roll-out.ts'
import type { Survey, SurveyedCluster } from '#probes/survey/survey.ts'
import { severalNetworks } from '#topology/networks.ts'
import type { Mtls } from '#topology/topology-file.ts'
import { versions } from '#topology/topology-schema.ts'
import { withheldBy } from './withheld.ts'

/**
 * What a survey found, made ready to be tested: a version of helloworld for each cluster, how its namespaces get
 * sidecars, where its gateway is, and what the mesh withholds. Only reads.
 * @throws MeshproofError MP-145 for more clusters than are tested, or two of one name.
 */
export const prepareExistingMesh = async (
  { clusters, topology, domain, istioNamespace }: Survey,
  mtls: Mtls,
  kubeconfig: string | undefined,
): Promise<ExistingMesh> => {
  const names = clusters.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined || clusters.length > versions.length) {
    throw new MeshproofError('MP-145', {
      what:
        twice === undefined
          ? `A mesh of two to ${versions.length} clusters is tested`
          : `Two clusters call themselves “${twice}”`,
      where: clusters.map(({ context, name }) => `${context}: ${name}`).join(', '),
      next:
        twice === undefined
          ? 'Name fewer with --contexts: those left out are not asked, and may answer all the same.'
          : 'Give each a global.multiCluster.clusterName of its own: a control plane cannot tell them apart.',
    })
  }
  const found = await Promise.all(
    clusters.map(async (cluster, index): Promise<ExistingMeshCluster> => {
      const gateway = severalNetworks({ clusters }) ? await gatewayOf(cluster) : undefined
      const { name, role, network, context } = cluster
      return {
        name,
        role,
        network,
        context,
        version: versions[index] ?? 'v4',
        ...(await injectionOf(cluster)),
        ...(gateway ? { gateway } : {}),
      }
    }),
  )
  return {
    name: topology,
    procedure: topology,
    mtls,
    clusters: found,
    istioNamespace,
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    trustDomain: await trustDomainOf(clusters),
    domain,
    withheld: await withheldBy(clusters, found),
    since: new Date().toISOString(),
  }
}

/** How namespaces ask for sidecars: of the default revision where there is one, else of the first that there is. */
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
 * The east-west gateway is what a load balancer leads to on 15443; one without an address counts where no other has
 * one.
 */
const gatewayOf = async ({ reads }: SurveyedCluster): Promise<GatewayRef | undefined> => {
  const all = (await reads.services()).filter(
    ({ spec }) => spec?.type === 'LoadBalancer' && spec.ports?.some(({ port }) => port === 15443),
  )
  const { metadata, spec } = all.find((service) => addressOf(service)) ?? all[0] ?? {}
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
