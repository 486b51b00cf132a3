import type { V1ConfigMap, V1Pod } from '@kubernetes/client-node'
import pMap from 'p-map'
import { reasonOf } from '#errors.ts'
import { type Finding, servedBy } from '#diagnosis/layer.ts'
import { mountedRoot, rootMissing } from '#diagnosis/root-missing.ts'
import { isDone, isReady } from '#kube/pods.ts'
import type { Survey, SurveyedCluster } from '#probes/survey/survey.ts'

/** Seconds in which an istiod that was restarted takes the lead again and writes what new namespaces lack. */
export const settling = 60

/**
 * Where istiod does not hand out its root certificate: namespaces in which pods with sidecars mount a ConfigMap that is
 * not there. Running pods go on, new ones do not start. Where config maps cannot be read, a note says so.
 */
export const rootsNotHandedOut = async (
  mesh: Survey,
  cluster: SurveyedCluster,
): Promise<{ findings: Finding[]; notes: string[] }> => {
  const reader = servedBy(mesh, cluster)
  if (!reader || (await reader.reads.istiodPods()).filter(isReady).some(isYoung)) return { findings: [], notes: [] }
  const [pods, namespaces] = await Promise.all([cluster.reads.pods(), cluster.reads.namespaces()])
  const young = new Set(namespaces.filter(isYoung).map(({ metadata }) => metadata?.name))
  const mounted = new Map<string, string>()
  for (const pod of pods) {
    const [name, namespace = ''] = [mountedRoot(pod), pod.metadata?.namespace]
    const isOver = pod.metadata?.deletionTimestamp !== undefined || isDone(pod)
    if (name !== undefined && !isOver && !young.has(namespace)) mounted.set(namespace, name)
  }
  try {
    const without = await pMap(
      mounted,
      async ([namespace, name]) =>
        (await cluster.kube.get<V1ConfigMap>({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name }))
          ? []
          : namespace,
      { concurrency: 8 },
    )
    const found = without.flat()
    return { findings: found.length === 0 ? [] : [await rootMissing(mesh, cluster, found.toSorted())], notes: [] }
  } catch (error) {
    const note = `root certificates in namespaces of ${cluster.name} were not looked at: ${reasonOf(error)}`
    return { findings: [], notes: [note] }
  }
}

const isYoung = ({ metadata }: Pick<V1Pod, 'metadata'>): boolean =>
  Date.now() - Number(new Date(metadata?.creationTimestamp ?? 0)) < settling * 1000
