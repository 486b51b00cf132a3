import { MeshproofError } from '#errors.ts'
import type { SurveyedCluster } from '#probes/survey/survey.ts'
import { isReady } from '#kube/pods.ts'
import type { Vantage } from '#probes/dial.ts'

/**
 * A ready pod of a cluster from which addresses can be dialled: one with a proxy, a gateway’s first.
 * @throws MeshproofError MP-122 when there is none: what is not dialled is not judged.
 */
export const vantageIn = async ({ name, kube, reads, istioNamespace }: SurveyedCluster): Promise<Vantage> => {
  const ready = (await reads.proxies()).filter(isReady)
  const pod = ready.find(({ metadata }) => metadata?.namespace === istioNamespace) ?? ready[0]
  if (pod) return { kube, namespace: pod.metadata?.namespace ?? '', pod: pod.metadata?.name ?? '' }
  throw nothingToAsk('no pod with a proxy is ready, from which anything could be dialled', name)
}

/** What a layer says that finds nothing to judge by. Its code is MP-122. */
export const nothingToAsk = (what: string, where: string): MeshproofError =>
  new MeshproofError('MP-122', {
    what,
    where,
    next: 'Deploy a workload with a sidecar, in every cluster and with its service.',
  })
