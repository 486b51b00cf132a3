import type { MeshShape } from '#topology/topology-schema.ts'
import type { Probe } from '#results/results.ts'

/**
 * The mesh that continuous probes are planned for. `streams` says whether its helloworld has the long answer; the
 * published helloworld has none.
 */
export type ProbedMesh = Pick<MeshShape, 'mtls'> & { clusters: { name: string }[]; streams: boolean }

/**
 * Every probe of a mesh (issue 6, section 3). From each cluster to each cluster, itself included: every kind, with and
 * without Istio’s retries, in pods that stay. To the next cluster: new connections from pods that restart with the
 * workloads. Under strict mutual TLS: requests without TLS and with another identity, which must be refused. In every
 * cluster: a subset that does not exist, and one probe outside the mesh.
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
      // The request, and the client’s identity, must cross to the next cluster.
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

const probe = (planned: Omit<Probe, 'id'>): Probe => {
  const words = [
    `${planned.from}→${planned.to}`,
    planned.kind,
    ...(planned.retries === 'none' ? ['no-retries'] : []),
    ...(planned.pods === 'restarted' ? ['restarted'] : []),
  ]
  return { id: words.join(' '), ...planned }
}
