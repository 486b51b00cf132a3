import type { V1Pod } from '@kubernetes/client-node'
import { MeshproofError } from '#errors.ts'
import type { KubeClient } from '#kube/client.ts'
import { execIn, type ContainerRef } from '#kube/pods.ts'

/** From here on, in seconds, what is late and what is missing cannot be told apart: a healthy machine takes a tenth. */
export const paceLimit = 2

/** The longest time that is waited for the command, in milliseconds. */
const patience = 15_000

/** How many times a command takes the way to the API server and back: TCP, TLS, two upgrades, the end. */
const roundTrips = 6

/**
 * How many seconds a command that does nothing takes in a container, without the time that the way to the API server
 * takes by itself. It goes the way of every probe (API server, kubelet, container) and does not touch the mesh: where
 * it is slow, so is all else there. Undefined where it could not be run, which says nothing.
 */
export const measurePace = async (
  kube: KubeClient,
  container: ContainerRef,
  command: string[],
): Promise<number | undefined> => {
  const { namespace, pod: name } = container
  const since = performance.now()
  // Whatever the answer is: what counts is how long it takes.
  await kube.get<V1Pod>({ apiVersion: 'v1', kind: 'Pod', namespace, name }).catch(() => undefined)
  const way = performance.now() - since
  const taken = (): number => Math.max(0, Math.round(performance.now() - since - way - roundTrips * way) / 1000)
  try {
    await execIn(kube, container, command, { within: patience })
    return taken()
  } catch (error) {
    // A command that is refused at once says nothing; one that gets no answer does.
    if (!(error instanceof MeshproofError)) throw error
    const seconds = taken()
    return seconds >= paceLimit ? seconds : undefined
  }
}

/**
 * The error MP-602 for what was seen where everything was too slow for a verdict; undefined at a pace at which it
 * counts. `seen` is what may only be late.
 */
export const tooSlowAt = (
  seconds: number | undefined,
  where: string,
  seen: string,
  cause?: unknown,
): MeshproofError | undefined =>
  seconds === undefined || seconds < paceLimit
    ? undefined
    : new MeshproofError('MP-602', {
        what: `Too slow for a verdict: a command that does nothing took ${seconds.toFixed(1)} s in ${where}`,
        why: `this may only be late (${seen})`,
        next: 'This says nothing about the mesh: run again when the machine has more time.',
        cause,
      })
