import type { MeshShape } from '#topology/topology-schema.ts'
import type { Probe } from '#results/results.ts'

/**
 * What continuous probes are planned for: a mesh, and whether its helloworld has the long answer (the published one has
 * not).
 */
export type ProbedMesh = Pick<MeshShape, 'mtls'> & { clusters: { name: string }[]; streams: boolean }

/**
 * Every probe of a mesh (issue 6, section 3): from each cluster to each, its own too, every kind with Istio’s retries
 * and without, in pods that stay; new connections to the next cluster also from pods that are restarted with the
 * workloads; what must be refused, where mutual TLS makes anybody refuse; and in every cluster one probe that no mesh
 * is part of.
 */
export const planProbes = ({ mtls, clusters, streams }: ProbedMesh): Probe[] => {
  const names = clusters.map(({ name }) => name)
  const directions = names.flatMap((from) => names.map((to) => ({ from, to })))
  const answers = (direction: Direction, rest: Omit<Probe, 'id' | 'from' | 'to' | 'expects'>): Probe =>
    probe({ ...direction, ...rest, expects: 'answers' })
  const refusal = (from: string, to: string, kind: Probe['kind']): Probe =>
    probe({ from, to, kind, retries: 'default', pods: 'kept', expects: 'refusal' })
  return [
    ...directions.flatMap((direction) =>
      ['new-connection' as const, 'keep-alive' as const, ...(streams ? (['stream'] as const) : [])].flatMap((kind) =>
        (['default', 'none'] as const).map((retries) => answers(direction, { kind, retries, pods: 'kept' })),
      ),
    ),
    ...names.flatMap((from, index) => {
      // The next cluster, so that the request, and the identity, had to cross.
      const next = names[(index + 1) % names.length] ?? from
      return [
        answers({ from, to: next }, { kind: 'new-connection', retries: 'default', pods: 'restarted' }),
        ...(mtls === 'strict' ? [refusal(from, from, 'plaintext'), refusal(from, next, 'wrong-identity')] : []),
        refusal(from, from, 'wrong-subset'),
        answers({ from, to: from }, { kind: 'outside', retries: 'default', pods: 'kept' }),
      ]
    }),
  ]
}

/** The name of a probe’s file in its pod’s folder. */
export const fileOf = ({ id }: Pick<Probe, 'id'>): string => id.replaceAll(/[^a-z0-9]+/g, '-')

type Direction = Pick<Probe, 'from' | 'to'>

const probe = (asked: Omit<Probe, 'id'>): Probe => {
  const words = [
    `${asked.from}→${asked.to}`,
    asked.kind,
    ...(asked.retries === 'none' ? ['no-retries'] : []),
    ...(asked.pods === 'restarted' ? ['restarted'] : []),
  ]
  return { id: words.join(' '), ...asked }
}
