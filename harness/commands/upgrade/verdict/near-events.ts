import { gatewayName } from '#istio/gateway.ts'
import { labNamespaces } from '#istio/workloads.ts'
import type { UpgradeEvent } from '#results/results.ts'

/**
 * Events this near to a loss, in milliseconds, may explain it: what was sent to a pod that went hangs until a timeout
 * of some seconds.
 */
const near = 5000

/**
 * The pod of the mesh's workloads, or of its gateways, that an event tells to end or tells to be gone
 * (harness/upgrade/events.ts).
 */
const endedPod = (of: 'workloads' | 'gateways', { what }: UpgradeEvent): string | undefined => {
  const [, namespace, pod] = /^([^/ ]+)\/(\S+) (?:is told to end|is gone)$/.exec(what) ?? []
  return (of === 'workloads' ? namespace === labNamespaces.mesh : pod?.startsWith(`${gatewayName}-`)) ? pod : undefined
}

/** The pods of these clusters that ended near a time, whose ends are milliseconds since the epoch. */
export const podsEndedNear = (
  events: readonly UpgradeEvent[],
  of: 'workloads' | 'gateways',
  clusters: readonly string[],
  from: number,
  to: number,
): string[] =>
  events.flatMap((event) => {
    const [pod, at] = [endedPod(of, event), Date.parse(event.at)]
    return pod !== undefined && clusters.includes(event.cluster) && at > from - near && at < to + near ? [pod] : []
  })

/**
 * The event nearest to a moment, in words: `cluster1: app1/sleep-1 is gone, 0.4 s before`; empty where none is
 * within ten seconds.
 */
export const nearestEvent = (events: readonly UpgradeEvent[], at: number): string => {
  const off = (event: UpgradeEvent): number => Date.parse(event.at) - at
  const [nearest] = events.toSorted((a, b) => Math.abs(off(a)) - Math.abs(off(b)))
  return nearest === undefined || Math.abs(off(nearest)) > 10_000
    ? ''
    : `${nearest.cluster}: ${nearest.what}, ${(Math.abs(off(nearest)) / 1000).toFixed(1)} s ` +
        (off(nearest) > 0 ? 'after' : 'before')
}
