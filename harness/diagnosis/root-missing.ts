import type { V1Pod } from '@kubernetes/client-node'
import { variableOf } from '#istio/proxy-container.ts'
import { istiodSelector } from '#istio/istiod-pods.ts'
import { leadersAnnotation } from '#istio/leaders.ts'
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

/** Namespaces of a cluster lack istiod’s root certificate. */
export const rootMissing = async (
  mesh: Survey,
  cluster: SurveyedCluster,
  namespaces: readonly string[],
): Promise<Finding> => {
  const reader = servedBy(mesh, cluster)
  const why = reader && cluster.role === 'remote' ? await whyNotWritten(cluster, reader) : undefined
  const more = namespaces.length > shown ? `, and ${namespaces.length - shown} more` : ''
  return {
    code: 'MP-847',
    where: cluster.name,
    evidence: [
      'no ConfigMap with istiod’s root certificate, which every pod with a sidecar mounts: ' +
        `${namespaces.slice(0, shown).join(', ')}${more}`,
      ...(why ? [why.said] : []),
    ],
    fix:
      why?.fix ??
      kubectl(reader ? hostOf(reader) : cluster, `-n ${mesh.istioNamespace} logs -l ${istiodSelector()} --tail=200`),
    clusters: [cluster.name],
  }
}

/** How many namespaces are named. */
const shown = 5

/** Why istiod writes nothing into a remote cluster; undefined where it should. */
const whyNotWritten = async (
  { name, istioNamespace, context, reads }: SurveyedCluster,
  reader: SurveyedCluster,
): Promise<{ said: string; fix?: string } | undefined> => {
  const root = (await reads.namespaces()).find(({ metadata }) => metadata?.name === istioNamespace)
  const leaders = (root?.metadata?.annotations?.[leadersAnnotation] ?? '').split(',')
  if (!leaders.includes('*') && !leaders.includes(reader.name))
    return {
      said:
        `namespace ${istioNamespace} of ${name} does not name ${reader.name} in its annotation ` +
        `${leadersAnnotation}, so istiod of ${reader.name} writes nothing there`,
      fix: kubectl({ context }, `annotate --overwrite namespace ${istioNamespace} ${leadersAnnotation}=${reader.name}`),
    }
  const [istiod] = await hostOf(reader).reads.istiodPods()
  const container = istiod?.spec?.containers.find((candidate) => candidate.name === 'discovery')
  return container && variableOf(container, 'EXTERNAL_ISTIOD') !== 'true'
    ? { said: `istiod of ${reader.name} runs without EXTERNAL_ISTIOD=true, so it writes nothing into other clusters` }
    : undefined
}
