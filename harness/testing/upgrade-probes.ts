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

/** A probe of new connections from cluster1 to cluster2 with retries, and what differs in it. */
export const probeOf = (of: Partial<Probe> = {}): Probe => ({
  id: 'there',
  from: 'cluster1',
  to: 'cluster2',
  kind: 'new-connection',
  retries: 'default',
  pods: 'kept',
  expects: 'answers',
  ...of,
})

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
