import { istiodApi } from '#istio/istiod-pods.ts'
import { parse } from 'yaml'
import { kubectl, type Finding } from '#diagnosis/layer.ts'
import { reasonOf } from '#errors.ts'
import { isReady } from '#kube/pods.ts'
import { activeMeshConfig } from '#probes/istiod.ts'
import { istiodLog, refusedConfig } from '#probes/istiod-log.ts'
import { meshMapOf } from '#probes/survey/mesh-config.ts'
import type { SurveyedCluster } from '#probes/survey/survey.ts'

/**
 * A mesh config that istiod does not take: it is no YAML, or istiod once said so and does not work with it now. istiod
 * goes on with the one before, and nothing but its log says so.
 */
export const refusedMeshConfig = async (cluster: SurveyedCluster): Promise<Finding[]> => {
  if (cluster.role !== 'primary') return []
  const map = await meshMapOf(cluster.reads, 'mesh')
  const text = map?.data?.['mesh'] ?? ''
  const words = notYaml(text) ?? (await refusalOf(cluster, text))
  if (!map || words === undefined) return []
  const name = map.metadata?.name ?? ''
  return [
    {
      code: 'MP-808',
      where: `${cluster.name} ${cluster.istioNamespace}/${name}`,
      evidence: [words],
      fix: kubectl(cluster, `-n ${cluster.istioNamespace} edit configmap ${name}`),
      clusters: [cluster.name],
    },
  ]
}

const notYaml = (text: string | undefined): string | undefined => {
  try {
    parse(text ?? '')
    return undefined
  } catch (error) {
    return `it is no YAML: ${reasonOf(error)}`
  }
}

const refusalOf = async (cluster: SurveyedCluster, text: string): Promise<string | undefined> => {
  const pod = (await cluster.reads.istiodPods()).find(isReady)
  const { namespace = '', name = '' } = pod?.metadata ?? {}
  const log = pod ? await istiodLog(istiodApi(cluster), namespace, name).catch(() => '') : ''
  const refused = refusedConfig(log)
  if (!refused || !lacks(await activeMeshConfig(cluster, name), parse(text))) return undefined
  return `${namespace}/${name} said at ${refused.at}: ${refused.words}`
}

/**
 * Whether what istiod works with lacks something that is written: a setting, or its value. istiod leaves out what is
 * empty, and writes lengths of time in its own way.
 */
export const lacks = (active: unknown, written: unknown): boolean => {
  if (written === null || written === undefined || written === false || written === 0 || written === '') return false
  if (Array.isArray(written))
    return Array.isArray(active) ? written.some((item, index) => lacks(active[index], item)) : written.length > 0
  if (typeof written === 'object') {
    const settings = Object.entries(written)
    const held: Record<string, unknown> = Object(active)
    return settings.some(([key, value]) => lacks(held[key], value))
  }
  if (typeof written === 'string') return !/^[\d.]+(?:ms|s|m|h)$/.test(written) && active !== written
  return active !== written
}
