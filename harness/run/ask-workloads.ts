import { recorder } from '#checks/evidence.ts'
import { meshOf } from '#checks/mesh.ts'
import type { Target } from '#checks/target.ts'
import type { RequestAccount } from '#diagnosis/request-account.ts'
import type { AccessLine } from '#probes/envoy.ts'

/**
 * How many requests each cluster’s client sends, up to the first without an answer: with two versions, each is missed
 * once in 2,000 times.
 */
const count = 12

/** What a request carries in its query, and after it the client that sent it. */
const marked = 'asked='

/** The longest wait for what proxies write about them, in milliseconds. */
const patience = 3_000

/**
 * Sends requests to helloworld from every cluster of a run’s own workloads, and returns what all proxies on the way
 * wrote about them. Empty where their logs cannot be read.
 */
export const askWorkloads = async (target: Target, signal: AbortSignal): Promise<RequestAccount[]> => {
  if (target.withheld['access log'] !== undefined) return []
  const { clusters, namespace, helloworld, hostOf, eventually } = meshOf(
    target,
    recorder(),
    { patience: 2 * patience },
    signal,
  )
  return Promise.all(
    clusters.map(async ({ name, sleep, accessLog }): Promise<RequestAccount> => {
      const since = new Date()
      const mark = `${marked}${name}-${since.getTime()}`
      const { all } = await sleep.getNow(`${helloworld.url}?${mark}`, { count, failEarly: true })
      let lines: RequestAccount['client']['lines'] = []
      await eventually(async () => {
        lines = await accessLog('sleep', since, ({ path }) => path?.includes(mark) ?? false)
        return lines.length >= all.length
      }, patience)
      const servers = await Promise.all(
        clusters.map(async (cluster) => ({
          cluster: cluster.name,
          namespace,
          selector: 'app=helloworld',
          // A route can rewrite a path, so what carries no mark may be of this client; another mark is of another.
          lines: await cluster
            .accessLog('helloworld', since, ({ path }) => path?.includes(mark) || !path?.includes(marked))
            // A cluster without a pod of it has no log either.
            .catch((): AccessLine[] => []),
        })),
      )
      return {
        from: name,
        host: hostOf('helloworld'),
        path: new URL(helloworld.url).pathname,
        answered: all.filter(({ status }) => status !== 0).length,
        client: { namespace, selector: 'app=sleep', lines },
        servers,
      }
    }),
  )
}
