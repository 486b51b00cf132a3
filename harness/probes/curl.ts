import { z } from 'zod'
import { MeshproofError } from '../errors.ts'
import type { KubeClient } from '../kube/client.ts'
import { execIn, readyPod } from '../kube/pods.ts'

const Transfer = z.object({
  http_code: z.number(),
  exitcode: z.number(),
  errormsg: z.string().nullable().default(null),
  remote_ip: z.string().default(''),
  time_connect: z.number(),
  time_total: z.number(),
})

/** What one request got. `status` is 0 where there was no HTTP answer; `exit` is curl's own code, with its words in `error`. */
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

/** How to ask: how many requests in one exec, seconds for each, and whether to stop at the first failure. */
export type Requests = { count?: number; seconds?: number; failEarly?: boolean }

/** A pod with curl in it. */
export type CurlPod = { cluster: string; kube: KubeClient; namespace: string }

const separator = '\u001e'

/**
 * Sends requests from a pod, every one on a new connection, all of them in one exec (an exec costs as much as 20 requests).
 * `url` may hold curl's own range, which `count` appends as a query.
 * @throws MeshproofError MP-403 when the exec itself fails, MP-601 when curl printed something else than expected.
 */
export const curl = async ({ cluster, kube, namespace }: CurlPod, url: string, { count = 1, seconds = 3, failEarly = false }: Requests = {}): Promise<Answer[]> => {
  const pod = (await readyPod(kube, namespace, 'app=sleep')).metadata?.name ?? ''
  const ranged = count > 1 ? `${url}${url.includes('?') ? '&' : '?'}n=[1-${count}]` : url
  const { stdout, stderr } = await execIn(kube, { namespace, pod, container: 'sleep' }, [
    'curl', '--silent', '--show-error', '--insecure', '--header', 'Connection: close', '--connect-timeout', String(Math.min(2, seconds)), '--max-time', String(seconds),
    ...(failEarly ? ['--fail-early'] : []), '--write-out', `\n${separator}%{json}\n`, ranged,
  ], { within: (count * seconds + 15) * 1000 })
  const answers = parseTransfers(stdout)
  if (answers.length > 0) return answers
  throw new MeshproofError('MP-601', {
    what: 'curl gave no account of its requests', where: `${cluster}, ${namespace}/${pod}`, why: stderr.trim().split('\n')[0] || 'no output', next: 'This says nothing about the mesh; run again.',
  })
}

/** Reads the bodies and curl's own account of them, one after the other. @throws MeshproofError MP-601 when it is cut off. */
export const parseTransfers = (output: string): Answer[] => {
  const pieces = output.split(separator)
  return pieces.slice(1).map((piece, index) => {
    const end = piece.indexOf('\n')
    if (end < 0) throw new MeshproofError('MP-601', { what: 'curl’s account of a request was cut off', next: 'This says nothing about the mesh; run again.' })
    const transfer = Transfer.parse(JSON.parse(piece.slice(0, end)))
    const before = pieces[index] ?? ''
    const body = index === 0 ? before : before.slice(before.indexOf('\n') + 1)
    return {
      status: transfer.http_code,
      version: /version: (v\d+)/.exec(body)?.[1],
      exit: transfer.exitcode,
      error: transfer.errormsg ?? '',
      remote: transfer.remote_ip,
      connected: transfer.time_connect > 0,
      seconds: transfer.time_total,
    }
  })
}
