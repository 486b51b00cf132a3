import type { KubeClient } from '#kube/client.ts'
import { execIn } from '#kube/pods.ts'
import { measurePace, tooSlowAt } from './pace.ts'
import { hostPort } from './transfers.ts'

/** A pod with a proxy, from which addresses are dialled. */
export type Vantage = { kube: KubeClient; namespace: string; pod: string }

/**
 * The result of an attempt to open a connection. `said` is the last line of the program that dialled. `late`: the first
 * attempt got no answer, so this is the result of the second.
 */
export type Dialled = { to: string; open: boolean; said: string; late: boolean }

/**
 * Opens a connection from a pod, with the one program that every image of a proxy has, also the distroless one: the
 * agent’s wait for an HTTP answer. Any answer shows that the port is open, also a refused handshake or a reset.
 * Silence and a refused connection show that it is not. After silence it tries once more with more patience (seconds),
 * because a busy machine is slow. `query` makes the request longer.
 * @throws MeshproofError MP-602 for silence where everything is too slow.
 */
export const dial = async (
  vantage: Vantage,
  host: string,
  port: number,
  { query = '' }: { query?: string } = {},
): Promise<Dialled> => {
  const first = await dialOnce(vantage, host, port, 1, query)
  if (first.open || !isSilence(first.said)) return { ...first, late: false }
  const second = await dialOnce(vantage, host, port, 3, query)
  if (!second.open) await requirePace(vantage, `${second.to}: ${second.said}`)
  return { ...second, late: true }
}

/**
 * Refuses to judge what was seen from a pod where everything is too slow to tell late from missing. @throws
 * MeshproofError MP-602.
 */
export const requirePace = async ({ kube, namespace, pod }: Vantage, seen: string): Promise<void> => {
  const container = { namespace, pod, container: 'istio-proxy' }
  const slow = tooSlowAt(await measurePace(kube, container, ['pilot-agent', 'version']), `${namespace}/${pod}`, seen)
  if (slow) throw slow
}

const dialOnce = async (
  { kube, namespace, pod }: Vantage,
  host: string,
  port: number,
  seconds: number,
  query: string,
): Promise<Omit<Dialled, 'late'>> => {
  const to = hostPort(host, port)
  const command = [
    'pilot-agent',
    'wait',
    '--url',
    `http://${to}/${query === '' ? '' : `?${query}`}`,
    '--timeoutSeconds',
    String(seconds),
    '--requestTimeoutMillis',
    String(seconds * 900),
    '--periodMillis',
    '50',
  ]
  const { stdout, stderr, exitCode } = await execIn(kube, { namespace, pod, container: 'istio-proxy' }, command)
  return { to, ...meaning(exitCode, `${stdout}\n${stderr}`) }
}

/** Whether the agent’s words tell of an attempt that got no answer in time. */
export const isSilence = (said: string): boolean => /exceeded|timeout/.test(said)

/** What the agent’s words mean: whether anything listens. */
export const meaning = (exitCode: number, output: string): Omit<Dialled, 'to' | 'late'> => {
  if (exitCode === 0) return { open: true, said: 'answered' }
  const words = (/Last error: (.*)/.exec(output)?.[1] ?? output.trim().split('\n').at(-1) ?? '').replace(
    /^Get "[^"]*": /,
    '',
  )
  return {
    open: /reset by peer|EOF|HTTP status code|tls:|malformed HTTP|transport connection broken/.test(words),
    said: words,
  }
}
