import type { V1Container, V1Pod } from '@kubernetes/client-node'
import { kubectl } from '#diagnosis/layer.ts'
import { placeOf } from '#diagnosis/places.ts'
import { proxyOf } from '#istio/proxy-container.ts'
import type { KubeClient } from '#kube/client.ts'
import { isReady } from '#kube/pods.ts'
import { measurePace, paceLimit } from '#probes/pace.ts'
import type { SurveyedCluster } from '#probes/survey/survey.ts'

/** From this limit on, in processors, a container has time enough for what the mesh asks of it. */
const plenty = 0.5

/** How many containers are measured, those with the least first: each costs a command. */
const measured = 3

/** A program of Istio in the containers of pods, and its command that does nothing but start and end. */
export type Program = { kube: KubeClient; containerOf: (pod: V1Pod) => V1Container | undefined; idle: string[] }

/** The proxies of a cluster. */
export const proxiesOf = ({ kube }: SurveyedCluster): Program => ({
  kube,
  containerOf: proxyOf,
  idle: ['pilot-agent', 'version'],
})

/**
 * The pod whose limit leaves a program so little processor time that a command which does nothing is late in it, and
 * what shows that; undefined where none is. Where the whole machine is slow, the command is late in a pod without such
 * a limit as well, which says nothing.
 */
export const starvedOf = async (
  cluster: SurveyedCluster,
  pods: V1Pod[],
  program: Program,
  measure: typeof measurePace = measurePace,
): Promise<{ pod: V1Pod; evidence: string[] } | undefined> => {
  const limitIn = (pod: V1Pod): number => limitOf(program.containerOf(pod))
  const little = pods.filter((pod) => isReady(pod) && limitIn(pod) < plenty)
  const least = little.toSorted((first, second) => limitIn(first) - limitIn(second)).slice(0, measured)
  const paces = await Promise.all(least.map(async (pod) => ({ pod, seconds: await paceIn(program, pod, measure) })))
  const [slowest] = paces.toSorted((first, second) => second.seconds - first.seconds)
  if (!slowest || slowest.seconds < paceLimit) return undefined
  const proxies = proxiesOf(cluster)
  const elsewhere = (await cluster.reads.proxies()).find((pod) => isReady(pod) && limitOf(proxyOf(pod)) >= plenty)
  if (!elsewhere) return undefined
  const usual = await paceIn(proxies, elsewhere, measure)
  if (usual >= paceLimit) return undefined
  const { pod, seconds } = slowest
  return {
    pod,
    evidence: [
      `the limit of its pod ${pod.metadata?.name ?? ''} is ${limitIn(pod)} of a processor`,
      `a command that does nothing took ${seconds.toFixed(1)} s in it, and ${usual.toFixed(1)} s in ` +
        placeOf(elsewhere),
    ],
  }
}

/** The command that shows what the containers of a pod may use. */
export const resourcesOf = (cluster: SurveyedCluster, { metadata }: V1Pod): string =>
  kubectl(cluster, `-n ${metadata?.namespace ?? ''} get pod ${metadata?.name ?? ''} -o jsonpath='{.spec..resources}'`)

/** How many processors a container may use. The API server writes parts of one in thousandths: 100m. */
const limitOf = (container: V1Container | undefined): number => {
  const limit = container?.resources?.limits?.['cpu']
  if (limit === undefined) return Infinity
  return limit.endsWith('m') ? Number(limit.slice(0, -1)) / 1000 : Number(limit)
}

/** The seconds that a command which does nothing takes beside a pod’s program; 0 where it cannot be run. */
const paceIn = async (
  { kube, containerOf, idle }: Program,
  pod: V1Pod,
  measure: typeof measurePace,
): Promise<number> => {
  const { namespace = '', name = '' } = pod.metadata ?? {}
  return (await measure(kube, { namespace, pod: name, container: containerOf(pod)?.name ?? '' }, idle)) ?? 0
}
