import { setTimeout as sleep } from 'node:timers/promises'
import type { V1Pod } from '@kubernetes/client-node'
import { isReady } from '#kube/pods.ts'
import type { Lab, LabCluster } from '#lab/lab.ts'
import type { UpgradeEvent } from '#results/results.ts'
import { kubernetes } from '#kube/library.ts'

/** Milliseconds before a watch that has ended begins again, since the API server may be away. */
const pause = 250

/** A record of what happens in a lab during an upgrade. */
export type EventLog = {
  /** Records an event now. `what` is its text. */
  note: (cluster: string, what: string) => void
  /** The events so far, by time. */
  sorted: () => UpgradeEvent[]
  /** Ends the watch and keeps the events. */
  stop: () => Promise<void>
}

/**
 * Follows the pods of a lab’s clusters and records when each pod was created, got ready, was terminating and was
 * gone. A report shows these events beside losses. The pods are watched, since polling would cost more than all probes.
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
        (event) => {
          note(cluster.name, event)
        },
        stop,
      ),
    ),
  )
  return {
    note,
    sorted: () => events.toSorted((a, b) => a.at.localeCompare(b.at)),
    stop: async () => {
      ended.abort()
      await following
    },
  }
}

const follow = async ({ kube }: LabCluster, note: (event: string) => void, stop: AbortSignal): Promise<void> => {
  const since = Date.now()
  const states = new Map<string, string>()
  // The version after which a watch continues; undefined begins with every existing pod.
  let resourceVersion: string | undefined
  while (!stop.aborted) {
    const ended = Promise.withResolvers<undefined>()
    const end = (): void => {
      ended.resolve(undefined)
    }
    const received = (phase: string, pod: V1Pod): void => {
      resourceVersion = phase === 'ERROR' ? undefined : pod.metadata?.resourceVersion
      const event = phase === 'ERROR' ? undefined : changeOf(states, phase, pod, since)
      if (event !== undefined) note(event)
    }
    const watch = await new (kubernetes().Watch)(kube.config)
      .watch('/api/v1/pods', { resourceVersion }, received, end)
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
 * The text of a pod’s event, such as `app1/sleep-1 is ready`; undefined where the pod’s state has not changed. The
 * creation of a pod counts as a change unless it was before `since`, in milliseconds since the epoch. `states` keeps
 * the state of each pod.
 */
export const changeOf = (states: Map<string, string>, phase: string, pod: V1Pod, since: number): string | undefined => {
  const { name = '', namespace = '', creationTimestamp, deletionTimestamp } = pod.metadata ?? {}
  const key = `${namespace}/${name}`
  const state =
    phase === 'DELETED' ? 'is gone' : deletionTimestamp ? 'is terminating' : isReady(pod) ? 'is ready' : 'is not ready'
  const before = states.get(key)
  states.set(key, state)
  const known = before !== undefined || new Date(creationTimestamp ?? 0).getTime() < since
  return state === before || (before === undefined && known) ? undefined : `${key} ${state}`
}
