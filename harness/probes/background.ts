import { randomBytes } from 'node:crypto'
import { execIn, readyPod } from '#kube/pods.ts'
import type { CurlPod } from './curl.ts'
import { exchangesOf, noAccount, separator, versionIn } from './exchanges.ts'

/**
 * What one request of a background probe got, and when (milliseconds since the epoch); `status` is 0 where there was no
 * HTTP answer.
 */
export type TimedAnswer = {
  endedAt: number
  milliseconds: number
  status: number
  exit: number
  error: string
  version: string | undefined
}

const account = `\n${separator}%time{%s.%f}\t%{time_total}\t%{http_code}\t%{exitcode}\t%{errormsg}\n`

/**
 * Sends requests from a pod until it is stopped: so many each second, each on a new connection. The pod keeps the
 * account in a file, so neither the exec that began it nor an API server must last. `stop` ends it and returns the
 * answers. A request without an answer ends after 3 s; no other is sent meanwhile.
 * @throws MeshproofError MP-403 when an exec fails, MP-601 when nothing was sent or the pod has lost its account.
 */
export const askAlong = async (
  { cluster, kube, namespace }: CurlPod,
  url: string,
  perSecond: number,
): Promise<{ stop: () => Promise<TimedAnswer[]> }> => {
  const pod = (await readyPod(kube, namespace, 'app=sleep')).metadata?.name ?? ''
  const file = `/tmp/asked-${randomBytes(4).toString('hex')}`
  const curl =
    `curl --silent --no-buffer --header 'Connection: close' --rate ${perSecond}/s --connect-timeout 2 --max-time 3 ` +
    `--write-out "%output{>>${file}}$account" '${url}?n=[1-9999999]'`
  const inPod = (script: string): ReturnType<typeof execIn> =>
    execIn(kube, { namespace, pod, container: 'sleep' }, ['sh', '-c', script, 'sh', account])
  const { stdout: id } = await inPod(`account=$1; ${curl} < /dev/null >> ${file} 2> /dev/null & echo $!`)
  return {
    stop: async () => {
      const { stdout, stderr } = await inPod(`kill ${id.trim()}; sleep 0.3; cat ${file} && rm ${file}`)
      const answers = timedAnswers(stdout)
      if (answers.length > 0) return answers
      throw noAccount(`${cluster}, ${namespace}/${pod}`, stderr.trim().split('\n').at(-1))
    },
  }
}

/**
 * Reads bodies, each followed by curl’s account of it. The last account may be cut off: its request was on its way
 * when all ended.
 */
export const timedAnswers = (output: string): TimedAnswer[] =>
  exchangesOf(output).flatMap(({ body, account: line = '' }) => {
    const [endedAt, seconds, status, exit = '', error = ''] = line.split('\t')
    if (exit === '') return []
    return [
      {
        endedAt: Number(endedAt) * 1000,
        milliseconds: Number(seconds) * 1000,
        status: Number(status),
        exit: Number(exit),
        error,
        version: versionIn(body),
      },
    ]
  })
