import { setTimeout as sleep } from 'node:timers/promises'
import { Watch, type V1Pod } from '@kubernetes/client-node'
import { isReady } from '#kube/pods.ts'
import type { Lab, LabCluster } from '#lab/lab.ts'
import type { UpgradeEvent } from '#results/results.ts'

/** Milliseconds until a watch that has ended is begun again: an API server may be away. */
const pause = 250

/** A record of what happens in a lab while it is changed. */
export type EventLog = {
  note: (cluster: string, what: string) => void
  all: () => UpgradeEvent[]
  /** Ends the watch; what was seen stays. */
  stop: () => Promise<void>
}

/**
 * Follows the pods of a lab’s clusters, and keeps when each came, was ready, was told to end and was gone: what a
 * loss is set beside. They are watched and not asked for again and again, which would cost more than all probes.
 */
export const followEvents = (lab: Lab, signal: AbortSignal): EventLog => {
  const events: UpgradeEvent[] = []
  const note = (cluster: string, what: string): void => {
    events.push({ at: new Date().toISOString(), cluster, what })
  }
  const ended = new AbortController()
  const stop = AbortSignal.any([signal, ended.signal])
  const following = Promise.all(
    lab.clusters.map((cluster) =>
      follow(
        cluster,
        (what) => {
          note(cluster.name, what)
        },
        stop,
      ),
    ),
  )
  return {
    note,
    all: () => events.toSorted((a, b) => a.at.localeCompare(b.at)),
    stop: async () => {
      ended.abort()
      await following
    },
  }
}

const follow = async ({ kube }: LabCluster, tell: (what: string) => void, stop: AbortSignal): Promise<void> => {
  const since = Date.now()
  const seen = new Map<string, string>()
  // Where a watch goes on; undefined begins with every pod there is.
  let resourceVersion: string | undefined
  while (!stop.aborted) {
    const ended = Promise.withResolvers<undefined>()
    const end = (): void => {
      ended.resolve(undefined)
    }
    const heard = (phase: string, pod: V1Pod): void => {
      resourceVersion = phase === 'ERROR' ? undefined : pod.metadata?.resourceVersion
      const what = phase === 'ERROR' ? undefined : changeOf(seen, phase, pod, since)
      if (what !== undefined) tell(what)
    }
    const watch = await new Watch(kube.config)
      .watch('/api/v1/pods', { resourceVersion }, heard, end)
      .catch(() => undefined)
    const abort = (): void => {
      watch?.abort()
      end()
    }
    if (watch === undefined || stop.aborted) abort()
    stop.addEventListener('abort', abort, { once: true })
    await ended.promise
    stop.removeEventListener('abort', abort)
    await sleep(pause, undefined, { signal: stop }).catch(() => undefined)
  }
}

/**
 * What a pod’s event means, in words (`app1/sleep-1 is ready`), where it is news; pods from before `since`, in
 * milliseconds, are none. `seen` keeps each pod’s state.
 */
export const changeOf = (seen: Map<string, string>, phase: string, pod: V1Pod, since: number): string | undefined => {
  const { name = '', namespace = '', creationTimestamp, deletionTimestamp } = pod.metadata ?? {}
  const key = `${namespace}/${name}`
  const state =
    phase === 'DELETED' ? 'is gone' : deletionTimestamp ? 'is told to end' : isReady(pod) ? 'is ready' : 'is not ready'
  const before = seen.get(key)
  seen.set(key, state)
  const known = before !== undefined || new Date(creationTimestamp ?? 0).getTime() < since
  return state === before || (before === undefined && known) ? undefined : `${key} ${state}`
}
