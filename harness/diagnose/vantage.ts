import type { SurveyedCluster } from '../existing/survey.ts'
import { isReady } from '../kube/pods.ts'
import type { Vantage } from '../probes/dial.ts'

/** A ready pod of a cluster from which addresses can be dialled: one with a proxy, a gateway’s first; undefined where there is none. */
export const vantageIn = async ({ kube, reads }: SurveyedCluster): Promise<Vantage | undefined> => {
  const ready = (await reads.proxies()).filter(isReady)
  const pod = ready.find(({ metadata }) => metadata?.namespace === 'istio-system') ?? ready[0]
  return pod && { kube, namespace: pod.metadata?.namespace ?? '', pod: pod.metadata?.name ?? '' }
}
