import { setTimeout as sleep } from 'node:timers/promises'
import type { V1Pod } from '@kubernetes/client-node'
import { isReady } from '../kube/pods.ts'
import type { Lab, LabCluster } from '../lab/lab.ts'
import type { UpgradeEvent } from '../report/results.ts'

/** Milliseconds between two looks at the pods: how late an event may be told. */
const every = 500

/** A record of what happens in a lab while it is changed. */
export type EventLog = {
  note: (cluster: string, what: string) => void
  all: () => UpgradeEvent[]
  /** Ends the watch; what was seen stays. */
  stop: () => Promise<void>
}

/**
 * Follows the pods of a lab’s clusters, and keeps when each came, was ready, was told to end and was gone: what a loss is set beside.
 * An API server that does not answer for a while costs the events of that while.
 */
export const followEvents = (lab: Lab, signal: AbortSignal): EventLog => {
  const events: UpgradeEvent[] = []
  const note = (cluster: string, what: string): void => { events.push({ at: new Date().toISOString(), cluster, what }) }
  const ended = new AbortController()
  const stop = AbortSignal.any([signal, ended.signal])
  const watching = Promise.all(lab.clusters.map((cluster) => watch(cluster, (what) => { note(cluster.name, what) }, stop)))
  return {
    note,
    all: () => events.toSorted((a, b) => a.at.localeCompare(b.at)),
    stop: async () => { ended.abort(); await watching },
  }
}

type Seen = Map<string, string>

const watch = async ({ kube }: LabCluster, tell: (what: string) => void, stop: AbortSignal): Promise<void> => {
  let before: Seen | undefined
  while (!stop.aborted) {
    const pods = await kube.list<V1Pod>({ apiVersion: 'v1', kind: 'Pod' }).catch(() => undefined)
    if (pods !== undefined && !stop.aborted) {
      const now = new Map(pods.map((pod) => [nameOf(pod), stateOf(pod)]))
      if (before) for (const what of changes(before, now)) tell(what)
      before = now
    }
    await sleep(every, undefined, { signal: stop }).catch(() => undefined)
  }
}

/** What changed between two looks at the pods, in words: `app1/sleep-1 is ready`. */
export const changes = (before: Seen, now: Seen): string[] => [
  ...[...now].flatMap(([pod, state]) => (before.get(pod) === state ? [] : [`${pod} ${state}`])),
  ...[...before.keys()].filter((pod) => !now.has(pod)).map((pod) => `${pod} is gone`),
]

const nameOf = ({ metadata }: V1Pod): string => `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`
const stateOf = (pod: V1Pod): string => (pod.metadata?.deletionTimestamp ? 'is told to end' : isReady(pod) ? 'is ready' : 'is not ready')
