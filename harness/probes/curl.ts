import { z } from 'zod'
import { MeshproofError } from '#errors.ts'
import type { KubeClient } from '#kube/client.ts'
import { readyPod } from '#kube/pods.ts'
import { runIn } from '#kube/shell.ts'
import { exchangesOf, noAccount, separator, versionIn } from './exchanges.ts'

const Transfer = z.object({
  http_code: z.number(),
  exitcode: z.number(),
  errormsg: z.string().nullable().default(null),
  remote_ip: z.string().default(''),
  time_connect: z.number(),
  time_total: z.number(),
})

/**
 * What one request got. `status` is 0 where there was no HTTP answer; `exit` is curl's own code, with its words in
 * `error`.
 */
export type Answer = {
  status: number
  version: string | undefined
  exit: number
  error: string
  /** The address curl dialled: with a sidecar the service's own, since the sidecar takes over from there. */
  remote: string
  /** True once TCP was established. */
  connected: boolean
  seconds: number
}

/**
 * How to ask: how many requests, seconds for each, whether to stop at the first failure, one more header, and
 * `host:port` to connect to whatever the URL says.
 */
export type Requests = { count?: number; seconds?: number; failEarly?: boolean; header?: string; through?: string }

/** A pod with curl in it, in a container `sleep`; `app` is its label, where it is not `sleep`. */
export type CurlPod = { cluster: string; kube: KubeClient; namespace: string; app?: string }

/** The longest time for one request, in seconds, where nothing else is said. */
export const longestRequest = 3

/** curl and its arguments for requests of which `parseTransfers` reads the account. */
export const curlCommand = (
  url: string,
  { count = 1, seconds = longestRequest, failEarly = false, header, through }: Requests,
): string[] => {
  const ranged = count > 1 ? `${url}${url.includes('?') ? '&' : '?'}n=[1-${count}]` : url
  return [
    'curl',
    '--silent',
    '--show-error',
    '--insecure',
    '--header',
    'Connection: close',
    '--connect-timeout',
    String(Math.min(2, seconds)),
    '--max-time',
    String(seconds),
    ...(failEarly ? ['--fail-early'] : []),
    ...(header === undefined ? [] : ['--header', header]),
    ...(through === undefined ? [] : ['--connect-to', `::${through}`]),
    '--write-out',
    `\n${separator}%{json}\n`,
    ranged,
  ]
}

/**
 * Sends requests from a pod, every one on a new connection, all of them by one curl. `url` may hold curl's own range,
 * which `count` appends as a query.
 * @throws MeshproofError MP-403 when curl cannot be run, MP-601 when it printed something else than expected.
 */
export const curl = async (
  { cluster, kube, namespace, app = 'sleep' }: CurlPod,
  url: string,
  requests: Requests = {},
): Promise<Answer[]> => {
  const pod = (await readyPod(kube, namespace, `app=${app}`)).metadata?.name ?? ''
  const { count = 1, seconds = longestRequest } = requests
  const within = (count * seconds + 15) * 1000
  const container = { namespace, pod, container: 'sleep' }
  const { stdout, stderr } = await runIn(kube, container, curlCommand(url, requests), within)
  const answers = parseTransfers(stdout)
  if (answers.length > 0) return answers
  throw noAccount(`${cluster}, ${namespace}/${pod}`, stderr.trim().split('\n')[0])
}

/**
 * Reads the bodies and curl's own account of them, one after the other.
 * @throws MeshproofError MP-601 when it is cut off.
 */
export const parseTransfers = (output: string): Answer[] =>
  exchangesOf(output)
    .slice(0, -1)
    .map(({ body, account }) => {
      if (account === undefined)
        throw new MeshproofError('MP-601', {
          what: 'curl’s account of a request was cut off',
          next: 'This says nothing about the mesh; run again.',
        })
      const transfer = Transfer.parse(JSON.parse(account))
      return {
        status: transfer.http_code,
        version: versionIn(body),
        exit: transfer.exitcode,
        error: transfer.errormsg ?? '',
        remote: transfer.remote_ip,
        connected: transfer.time_connect > 0,
        seconds: transfer.time_total,
      }
    })
