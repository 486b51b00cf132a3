import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node'
import { isReady } from '#kube/pods.ts'

/**
 * Why a pod does not work, by kind, and in the kubelet’s or the scheduler’s own words. `cause` is said instead of
 * the usual cause of the kind.
 */
export type PodTrouble = {
  kind: 'unscheduled' | 'image' | 'crash' | 'proxy' | 'unready'
  said: string
  cause?: string
  /** The container that is stuck, where it is one. */
  container?: string
}

/** Seconds that a pod may take to become ready before that is worth a word. */
const graceful = 20

/** Why the kubelet or the scheduler ended a pod that stays in the list, while another takes its place. */
const endedByNode = new Set(['Evicted', 'NodeShutdown', 'Shutdown', 'Terminated', 'NodeAffinity', 'Preempting'])

/**
 * What is wrong with a pod; undefined for one that is ready, done, on its way out, or so young that it may still
 * become ready. `now` is milliseconds since the epoch.
 */
export const troubleOf = (pod: V1Pod, now: number): PodTrouble | undefined => {
  const { metadata, status } = pod
  if (isReady(pod) || metadata?.deletionTimestamp || status?.phase === 'Succeeded') return undefined
  if (status?.phase === 'Failed' && endedByNode.has(status.reason ?? '')) return undefined
  // Somebody ran it by hand, and nobody expects it back.
  if (status?.phase === 'Failed' && (metadata?.ownerReferences ?? []).length === 0) return undefined
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
  const stuck = containers.map(stuckWith).find((trouble) => trouble !== undefined)
  if (stuck) return stuck
  if (now - Number(new Date(metadata?.creationTimestamp ?? 0)) < graceful * 1000) return undefined
  const unscheduled = conditionOf(pod, 'PodScheduled')
  if (unscheduled?.status === 'False')
    return { kind: 'unscheduled', said: inWords(unscheduled.reason, unscheduled.message) }
  const proxy = containers.find(({ name }) => name === 'istio-proxy')
  // A sidecar that was never started waits itself: for a volume, an image or an init container.
  if (proxy?.state?.running && !proxy.ready) return { kind: 'proxy', said: 'its sidecar istio-proxy is not ready' }
  // Ready containers leave the pod’s own condition: a readiness gate that nobody opened.
  const containersReady = conditionOf(pod, 'ContainersReady')
  const condition = containersReady?.status === 'False' ? containersReady : conditionOf(pod, 'Ready')
  return { kind: 'unready', said: inWords(condition?.reason ?? status?.reason, condition?.message ?? status?.message) }
}

type Condition = NonNullable<NonNullable<V1Pod['status']>['conditions']>[number]

const conditionOf = ({ status }: V1Pod, type: string): Condition | undefined =>
  status?.conditions?.find((condition) => condition.type === type)

const inWords = (reason: string | undefined, message: string | undefined): string =>
  [reason, message].filter(Boolean).join(': ').slice(0, 300) || 'nothing says why'

const stuckWith = ({ name, state, lastState, restartCount, ready }: V1ContainerStatus): PodTrouble | undefined => {
  const waiting = state?.waiting
  if (waiting?.reason && /Image|ErrImage|InvalidImageName/.test(waiting.reason))
    return { kind: 'image', container: name, said: `${name}: ${inWords(waiting.reason, waiting.message)}` }
  if (waiting?.reason && /CrashLoop|CreateContainer|RunContainer/.test(waiting.reason)) {
    const ended = lastState?.terminated
    const last = ended ? `, last exit code ${ended.exitCode}${ended.reason ? ` (${ended.reason})` : ''}` : ''
    return {
      kind: 'crash',
      container: name,
      ...(waiting.reason === 'CrashLoopBackOff' ? {} : { cause: 'a container of a pod cannot be started' }),
      said: `${name}: ${inWords(waiting.reason, waiting.message)}${last}, ${restartCount} restarts`,
    }
  }
  const ended = state?.terminated ?? (ready ? undefined : lastState?.terminated)
  if (!ended || ended.exitCode === 0 || restartCount === 0) return undefined
  const said = `${name}: exit code ${ended.exitCode} (${ended.reason ?? ''}), ${restartCount} restarts`
  return { kind: 'crash', container: name, said }
}
