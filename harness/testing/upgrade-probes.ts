import type { Sample } from '#commands/upgrade/traffic/probing.ts'
import type { Probe } from '#results/results.ts'

const clusters = ['cluster1', 'cluster2']
const directions = clusters.flatMap((from) => clusters.map((to) => ({ from, to })))

/** The probes of an upgrade of two clusters: 33, or 53 where each also runs in pods that are restarted. */
export const upgradeProbes = (restartEveryKind = false): Probe[] => [
  ...directions.flatMap(({ from, to }) =>
    (['new-connection', 'keep-alive', 'stream'] as const).flatMap((kind) =>
      (['default', 'none'] as const).flatMap((retries) =>
        (restartEveryKind || (kind === 'new-connection' && retries === 'default')
          ? (['kept', 'restarted'] as const)
          : (['kept'] as const)
        ).map((pods) => probe({ from, to, kind, retries, pods })),
      ),
    ),
  ),
  ...(['plaintext', 'wrong-identity', 'wrong-subset'] as const).map((kind) =>
    probe({ from: 'cluster1', to: 'cluster2', kind, expects: 'refusal' }),
  ),
  ...clusters.map((name) => probe({ from: name, to: name, kind: 'outside' })),
]

const probe = ({
  from,
  to,
  kind,
  retries = 'default',
  pods = 'kept',
  expects = 'answers',
}: Partial<Probe> & Pick<Probe, 'from' | 'to' | 'kind'>): Probe => ({
  id: `${from}→${to} ${kind}${retries === 'none' ? ' no-retries' : ''}${pods === 'restarted' ? ' restarted' : ''}`,
  from,
  to,
  kind,
  retries,
  pods,
  expects,
})

/** A probe of cluster1 that cluster2 must answer, each request on a connection of its own, except for `fields`. */
export const probeOf = (fields: Partial<Probe> = {}): Probe => ({
  id: 'there',
  from: 'cluster1',
  to: 'cluster2',
  kind: 'new-connection',
  retries: 'default',
  pods: 'kept',
  expects: 'answers',
  ...fields,
})

/** A request that version 2 answered in 10 ms, except for `fields`. */
export const sampleOf = (fields: Pick<Sample, 'id' | 'startedAt'> & Partial<Sample>): Sample => ({
  milliseconds: 10,
  status: 200,
  exit: 0,
  error: '',
  flags: '',
  attempts: 1,
  version: 'v2',
  instance: 'target-1',
  ...fields,
})
