import { gatewayName } from '#istio/gateway.ts'
import { labNamespaces } from '#istio/workloads.ts'
import type { PhaseKind, Probe, UpgradeEvent } from '#results/results.ts'

/**
 * How near to a loss an event may explain it, in milliseconds. A request to a pod that has ended hangs until a timeout
 * of some seconds.
 */
const near = 5000

/**
 * The name of the pod that an event reports as terminating or gone (traffic/events.ts). Undefined for other events, and
 * for pods that are not of the mesh’s workloads, or of its gateways, as `group` says.
 */
const endedPod = (group: 'workloads' | 'gateways', { what }: UpgradeEvent): string | undefined => {
  const [, namespace, pod] = /^([^/ ]+)\/(\S+) (?:is terminating|is gone)$/.exec(what) ?? []
  return (group === 'workloads' ? namespace === labNamespaces.mesh : pod?.startsWith(`${gatewayName}-`))
    ? pod
    : undefined
}

/**
 * The pods of `group` in these clusters that ended near the time from `from` to `to`, in milliseconds since the epoch.
 */
export const podsEndedNear = (
  events: readonly UpgradeEvent[],
  group: 'workloads' | 'gateways',
  clusters: readonly string[],
  from: number,
  to: number,
): string[] =>
  events.flatMap((event) => {
    const [pod, moment] = [endedPod(group, event), Date.parse(event.at)]
    const isNear = moment > from - near && moment < to + near
    return pod !== undefined && clusters.includes(event.cluster) && isNear ? [pod] : []
  })

/**
 * Whether a long answer of a probe ended with a pod on its way that a phase of this kind replaces: a workload, or
 * between clusters a gateway. `at` and `until` are the times of the last good line and of the next one, in
 * milliseconds since the epoch.
 */
export const endedWithPod = (
  events: readonly UpgradeEvent[],
  kind: PhaseKind,
  { from, to }: Pick<Probe, 'from' | 'to'>,
  at: number,
  until: number,
): boolean => {
  const replaced: ('workloads' | 'gateways')[] = [
    ...(['workloads', 'rollback'].includes(kind) ? ['workloads' as const] : []),
    ...(['gateways', 'rollback'].includes(kind) && from !== to ? ['gateways' as const] : []),
  ]
  return replaced.some((group) => podsEndedNear(events, group, [from, to], at, until).length > 0)
}

/**
 * The event nearest to a moment (milliseconds since the epoch), in words: `cluster1: app1/sleep-1 is gone, 0.4 s
 * before`. Empty where no event is within ten seconds.
 */
export const nearestEvent = (events: readonly UpgradeEvent[], moment: number): string => {
  const offset = (event: UpgradeEvent): number => Date.parse(event.at) - moment
  const [nearest] = events.toSorted((a, b) => Math.abs(offset(a)) - Math.abs(offset(b)))
  return nearest === undefined || Math.abs(offset(nearest)) > 10_000
    ? ''
    : `${nearest.cluster}: ${nearest.what}, ${(Math.abs(offset(nearest)) / 1000).toFixed(1)} s ` +
        (offset(nearest) > 0 ? 'after' : 'before')
}
