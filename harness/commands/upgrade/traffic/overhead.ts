import type { V1Pod } from '@kubernetes/client-node'
import { inNode } from '#lab/kind.ts'
import type { Lab, LabCluster } from '#lab/lab.ts'
import { proberDeployments } from './manifests.ts'

/** The CPU time that a container has used so far, in seconds, and its start, in milliseconds since the epoch. */
type Usage = { container: string; of: 'probes' | 'proxies'; cpuSeconds: number; startedAt: number }

/**
 * Reads the CPU time of every container of a node, from control groups of version 1 (the controller cpuacct) or 2. A
 * container may end while it is read.
 */
const read =
  'find /sys/fs/cgroup \\( -path "*cpuacct/*" -name cpuacct.usage -o -path "*kubepods*" -name cpu.stat \\) -exec ' +
  'grep -H -s -E "^[0-9]+$|^usage_usec" {} + || true'

/** CPU seconds by container id. The node prints nanoseconds, or microseconds after `usage_usec`. */
export const parseUsage = (printed: string): Map<string, number> =>
  new Map(
    printed.split('\n').flatMap((line) => {
      const [, container, micro, count] = /([0-9a-f]{64})(?:\.scope)?\/[a-z.]+:(usage_usec )?(\d+)$/.exec(line) ?? []
      return container === undefined ? [] : [[container, Number(count) / (micro ? 1e6 : 1e9)] as const]
    }),
  )

/** The CPU time that the containers of a lab’s probes and proxies have used so far. */
export const usageIn = async (lab: Lab, signal: AbortSignal): Promise<Usage[]> =>
  (
    await Promise.all(
      lab.clusters.map(async ({ name, kube }: LabCluster) => {
        const [pods, printed] = await Promise.all([
          kube.list<V1Pod>({ apiVersion: 'v1', kind: 'Pod' }),
          inNode(lab.runId, name, read, signal),
        ])
        const cpu = parseUsage(printed)
        return pods.flatMap(({ metadata, status }) =>
          [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].flatMap(
            (container): Usage[] => {
              const id = container.containerID?.replace(/^.*\/\//, '') ?? ''
              const [cpuSeconds, startedAt] = [cpu.get(id), container.state?.running?.startedAt]
              const ofProbes =
                container.name === 'prober' &&
                proberDeployments.some(
                  ({ namespace, name: deployment }) =>
                    namespace === metadata?.namespace && deployment === metadata.labels?.['app'],
                )
              if (
                cpuSeconds === undefined ||
                startedAt === undefined ||
                !(ofProbes || container.name === 'istio-proxy')
              )
                return []
              return [
                {
                  container: id,
                  of: ofProbes ? 'probes' : 'proxies',
                  cpuSeconds,
                  startedAt: new Date(startedAt).getTime(),
                },
              ]
            },
          ),
        )
      }),
    )
  ).flat()

/**
 * The share of one core that probes and proxies each used between two readings. A container that started in between
 * counts from its start. `at` is in milliseconds since the epoch.
 */
export const shareOf = (
  before: { at: number; usage: Usage[] },
  after: { at: number; usage: Usage[] },
): { probes: number; proxies: number } => {
  const earlier = new Map(before.usage.map(({ container, cpuSeconds }) => [container, cpuSeconds]))
  const share = (kind: Usage['of']): number =>
    after.usage
      .filter(({ of }) => of === kind)
      .reduce((sum, { container, cpuSeconds, startedAt }) => {
        const known = earlier.get(container)
        const seconds = (after.at - (known === undefined ? startedAt : before.at)) / 1000
        return seconds <= 0 ? sum : sum + (cpuSeconds - (known ?? 0)) / seconds
      }, 0)
  return { probes: share('probes'), proxies: share('proxies') }
}
