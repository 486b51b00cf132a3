import type { CoreV1Event, V1Pod } from '@kubernetes/client-node'

/** Events in the order of their last occurrence, a line each. */
export const eventLines = (events: CoreV1Event[]): string =>
  events
    .map(({ type, reason, message, count = 1, involvedObject: { kind, namespace, name }, ...event }) => {
      const at =
        event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp
      const times = event.series?.count ?? count
      return line(
        at ? new Date(at).toISOString() : '',
        type,
        reason,
        `${kind ?? ''} ${placed(namespace, name)}`,
        message?.replaceAll(/\s+/g, ' ').trim(),
        times > 1 ? `(${times} times)` : '',
      )
    })
    .sort()
    .join('')

/** Pods, a line each: how many containers are ready, how often they were restarted, and what one of them waits for. */
export const podLines = (pods: V1Pod[]): string =>
  pods
    .map(({ metadata, spec, status }) => {
      const first = status?.initContainerStatuses ?? []
      // A sidecar is an init container that goes on running.
      const sidecars = first.filter(({ name: of }) =>
        spec?.initContainers?.some(({ name, restartPolicy }) => name === of && restartPolicy === 'Always'),
      )
      const containers = [...sidecars, ...(status?.containerStatuses ?? [])]
      const restarts = containers.reduce((sum, { restartCount }) => sum + restartCount, 0)
      const waiting = [...first, ...(status?.containerStatuses ?? [])].flatMap(({ name, state }) =>
        state?.waiting ? [`${name}: ${state.waiting.reason ?? 'waiting'}`] : [],
      )
      return line(
        placed(metadata?.namespace, metadata?.name),
        `${containers.filter(({ ready }) => ready).length}/${containers.length} ready`,
        metadata?.deletionTimestamp ? 'Terminating' : status?.phase,
        restarts > 0 ? `${restarts} restarts` : '',
        status?.podIP,
        ...waiting,
      )
    })
    .sort()
    .join('')

const line = (...words: (string | undefined)[]): string => `${words.filter(Boolean).join('  ')}\n`

const placed = (...names: (string | undefined)[]): string => names.filter(Boolean).join('/')
