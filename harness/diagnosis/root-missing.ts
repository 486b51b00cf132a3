import type { V1Pod } from '@kubernetes/client-node'
import { variableOf } from '#istio/proxy-container.ts'
import { istiodSelector } from '#istio/istiod-pods.ts'
import { hostOf, type Survey, type SurveyedCluster } from '#probes/survey/survey.ts'
import { kubectl, servedBy, type Finding } from './layer.ts'

/**
 * The ConfigMap with istiod’s root certificate that a pod with a sidecar mounts; undefined where it needs none, as
 * with trust bundles of Kubernetes.
 */
export const mountedRoot = ({ spec }: V1Pod): string | undefined => {
  const volume = spec?.volumes?.find(({ name }) => name === 'istiod-ca-cert')
  return volume?.configMap?.optional ? undefined : volume?.configMap?.name
}

/** On the root namespace of a remote cluster: whose istiods may write there (Istio’s primary-remote guide). */
const leaders = 'topology.istio.io/controlPlaneClusters'

/** Namespaces of a cluster lack istiod’s root certificate. A remote cluster has to name who writes it. */
export const rootMissing = async (
  mesh: Survey,
  cluster: SurveyedCluster,
  namespaces: readonly string[],
): Promise<Finding> => {
  const reader = servedBy(mesh, cluster)
  const host = reader && hostOf(reader)
  const more = namespaces.length > shown ? `, and ${namespaces.length - shown} more` : ''
  const found: Finding = {
    code: 'MP-847',
    where: cluster.name,
    evidence: [
      'no ConfigMap with istiod’s root certificate, which every pod with a sidecar mounts: ' +
        `${namespaces.slice(0, shown).join(', ')}${more}`,
    ],
    fix: kubectl(host ?? cluster, `-n ${mesh.istioNamespace} logs -l ${istiodSelector()} --tail=200`),
    clusters: [cluster.name],
  }
  if (!reader || !host || cluster.role !== 'remote') return found
  const root = (await cluster.reads.namespaces()).find(({ metadata }) => metadata?.name === cluster.istioNamespace)
  const named = (root?.metadata?.annotations?.[leaders] ?? '').split(',')
  if (!named.includes('*') && !named.includes(reader.name))
    return {
      ...found,
      evidence: [
        ...found.evidence,
        `namespace ${cluster.istioNamespace} of ${cluster.name} does not name ${reader.name} in its annotation ` +
          `${leaders}, so istiod of ${reader.name} writes nothing there`,
      ],
      fix: kubectl(cluster, `annotate --overwrite namespace ${cluster.istioNamespace} ${leaders}=${reader.name}`),
    }
  const [istiod] = await host.reads.istiodPods()
  const container = istiod?.spec?.containers.find(({ name }) => name === 'discovery')
  return container && variableOf(container, 'EXTERNAL_ISTIOD') !== 'true'
    ? {
        ...found,
        evidence: [
          ...found.evidence,
          `istiod of ${reader.name} runs without EXTERNAL_ISTIOD=true, so it writes nothing into other clusters`,
        ],
      }
    : found
}

/** How many namespaces are named. */
const shown = 5
