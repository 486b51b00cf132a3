import { execIn } from '#kube/pods.ts'
import type { Vantage } from './dial.ts'

/**
 * What a pod's name server answers: the addresses of a name (none: there is no such name, or nothing listens), or that
 * it does not answer. Undefined where the proxy's image has no program that asks.
 */
export type Resolved = { addresses: string[] } | 'no answer' | undefined

/** Seconds that a name server gets for an answer, twice. */
const patience = 2

/**
 * Asks the name server of a pod for a host, from beside its proxy: what the proxy's own DNS would answer to the
 * application does not count.
 * @throws MeshproofError MP-403 where the pod runs no command.
 */
export const resolveIn = async ({ kube, namespace, pod }: Vantage, host: string): Promise<Resolved> => {
  // The full stop ends the name, so that no search domain is tried.
  const ask = ['env', `RES_OPTIONS=timeout:${patience} attempts:2`, 'getent', 'ahosts', `${host}.`]
  const since = Date.now()
  const answer = await execIn(kube, { namespace, pod, container: 'istio-proxy' }, ask)
  return answerIn(answer, (Date.now() - since) / 1000)
}

/** What the answer of `getent` means that came after so many seconds. It ends with 2 for a name that it cannot have. */
export const answerIn = ({ stdout, exitCode }: { stdout: string; exitCode: number }, seconds: number): Resolved => {
  if (exitCode === 2) return seconds < patience ? { addresses: [] } : 'no answer'
  if (exitCode !== 0) return undefined
  return { addresses: [...new Set(stdout.split('\n').flatMap((line) => /^[\da-f.:]+(?=\s)/i.exec(line)?.[0] ?? []))] }
}
