import { clusterOf } from '#checks/cluster.ts'
import { recorder } from '#checks/evidence.ts'
import type { Target } from '#checks/target.ts'
import type { RequestAccount } from '#diagnosis/answers.ts'
import { until } from '#kube/until.ts'

/**
 * How many requests each cluster’s client sends, up to the first without an answer: with two versions, each is missed
 * once in 2,000 times.
 */
const count = 12

/** The longest wait for what proxies write about them, in milliseconds. */
const patience = 3_000

/**
 * Sends requests to helloworld from every cluster of a run’s own workloads, and returns what all proxies on the way
 * wrote about them. Empty where their logs cannot be read.
 */
export const askWorkloads = async (target: Target, signal: AbortSignal): Promise<RequestAccount[]> => {
  if (target.withheld['access log'] !== undefined) return []
  const { mesh: namespace } = target.namespaces
  const limits = { patience: 2 * patience, versions: target.clusters.length, signal }
  const clusters = target.clusters.map((cluster) => clusterOf(target, cluster, recorder(), limits))
  return Promise.all(
    clusters.map(async ({ name, sleep, accessLog }): Promise<RequestAccount> => {
      const since = new Date()
      const path = '/hello'
      const mark = `asked=${name}-${since.getTime()}`
      const { all } = await sleep.getNow(`http://helloworld.${namespace}:5000${path}?${mark}`, {
        count,
        failEarly: true,
      })
      const isOurs = ({ path: seen }: { path?: string | null | undefined }): boolean => seen?.includes(mark) ?? false
      let lines: RequestAccount['client']['lines'] = []
      await until('', async () => (lines = await accessLog('sleep', since, isOurs)).length >= all.length, {
        every: 200,
        within: patience,
        signal,
      }).catch(() => undefined)
      const servers = await Promise.all(
        clusters.map(async (cluster) => ({
          cluster: cluster.name,
          namespace,
          selector: 'app=helloworld',
          lines: await cluster.accessLog('helloworld', since, () => true),
        })),
      )
      return {
        from: name,
        host: `helloworld.${namespace}.svc.${target.domain}`,
        path,
        answered: all.filter(({ status }) => status !== 0).length,
        client: { namespace, selector: 'app=sleep', lines },
        servers,
      }
    }),
  )
}
