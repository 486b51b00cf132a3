import type { Probe } from '#results/results.ts'
import { ProbeKind } from '#results/results.ts'

/** Probes that stand together in a timeline or a table, and what they have in common. */
export type LaneGroup = { title: string; probes: Probe[] }

/**
 * The probes through the mesh by their direction, between clusters before within one; then what must be refused; then
 * what no mesh is part of. In each by kind, the plain ones first.
 */
export const laneGroups = (probes: readonly Probe[]): LaneGroup[] => {
  const groups = Map.groupBy(
    probes.toSorted((a, b) => rank(a) - rank(b)),
    (probe) => titleOf(probe),
  )
  return [...groups].map(([title, together]) => ({ title, probes: together }))
}

const titleOf = ({ from, to, kind, expects }: Probe): string => {
  if (kind === 'outside') return 'Outside the mesh'
  if (expects === 'refusal') return 'Must be refused'
  return from === to ? `Within ${from}` : `${from} → ${to}`
}

const rank = ({ from, to, kind, expects, retries, pods }: Probe): number =>
  [kind === 'outside', expects === 'refusal', from === to].reduce((sum, later) => sum * 2 + Number(later), 0) * 100 +
  ProbeKind.options.indexOf(kind) * 4 +
  Number(retries === 'none') * 2 +
  Number(pods === 'restarted')

/** What a probe is called within its group: `new connection, no retries, pods restarted`. */
export const probeWords = ({ from, to, kind, expects, retries, pods }: Probe): string =>
  [
    kind.replaceAll('-', ' '),
    ...(expects === 'refusal' ? [`${from} → ${to}`] : kind === 'outside' ? [from] : []),
    ...(retries === 'none' ? ['no retries'] : []),
    ...(pods === 'restarted' ? ['pods restarted'] : []),
  ].join(', ')
