import type { Probe } from '#results/results.ts'
import { ProbeKind } from '#results/results.ts'

/** Probes that stand together in a timeline or a table, and a title that says what they have in common. */
export type LaneGroup = { title: string; probes: Probe[] }

/**
 * Groups of probes, in this order: requests between clusters, by direction; requests within a cluster; requests that
 * the mesh must refuse; requests outside the mesh. Each group is sorted by kind, and starts with the probes that have
 * no peculiarity.
 */
export const laneGroups = (probes: readonly Probe[]): LaneGroup[] => {
  const sorted = probes.toSorted((a, b) => rank(a) - rank(b))
  return [...Map.groupBy(sorted, titleOf)].map(([title, grouped]) => ({ title, probes: grouped }))
}

const titleOf = ({ from, to, kind, expects }: Probe): string => {
  if (kind === 'outside') return 'Outside the mesh'
  if (expects === 'refusal') return 'Must be refused'
  return from === to ? `Within ${from}` : `${from} → ${to}`
}

const rank = ({ from, to, kind, expects, retries, pods }: Probe): number => {
  const group = [kind === 'outside', expects === 'refusal', from === to]
  return (
    group.reduce((sum, later) => sum * 2 + Number(later), 0) * 100 +
    ProbeKind.options.indexOf(kind) * 4 +
    Number(retries === 'none') * 2 +
    Number(pods === 'restarted')
  )
}

/** The name of a probe within its group: `new connection, no retries, pods restarted`. */
export const probeWords = ({ from, to, kind, expects, retries, pods }: Probe): string =>
  [
    kind.replaceAll('-', ' '),
    ...(expects === 'refusal' ? [`${from} → ${to}`] : kind === 'outside' ? [from] : []),
    ...(retries === 'none' ? ['no retries'] : []),
    ...(pods === 'restarted' ? ['pods restarted'] : []),
  ].join(', ')
