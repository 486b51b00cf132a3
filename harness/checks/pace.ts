import { MeshproofError, reasonOf } from '#errors.ts'
import { execIn, readyPod } from '#kube/pods.ts'
import type { Target } from './target.ts'
import { isUnasked } from './unasked.ts'

/**
 * How long a command that does nothing takes in a cluster’s client pod, in seconds. It goes the way of every probe
 * (API server, kubelet, container) and does not touch the mesh: where it is slow, so is all else there.
 */
export type Pace = { cluster: string; seconds: number }

/** What such a command takes at most on a machine that has time: measured, it takes a tenth of that. */
const usual = 0.5

/** From here on, what is late and what is missing cannot be told apart. */
const limit = 2

/** The longest time that is waited for the command, in milliseconds. */
const patience = 15_000

/** The most by which waits become longer. */
const longest = 6

/** The slowest of a target’s clusters; undefined where none could be asked, as where no client is ready. */
export const paceOf = async (target: Target): Promise<Pace | undefined> => {
  const paces = await Promise.all(
    target.clusters.map(async ({ name, kube }): Promise<Pace | undefined> => {
      const since = performance.now()
      const taken = (): Pace => ({ cluster: name, seconds: Math.round(performance.now() - since) / 1000 })
      try {
        const namespace = target.namespaces.mesh
        const pod = (await readyPod(kube, namespace, 'app=sleep')).metadata?.name ?? ''
        await execIn(kube, { namespace, pod, container: 'sleep' }, ['curl', '--version'], { within: patience })
        return taken()
      } catch (error) {
        // A command that is refused at once says nothing; one that gets no answer does.
        return isUnasked(error) && taken().seconds >= limit ? taken() : undefined
      }
    }),
  )
  return paces.filter((pace) => pace !== undefined).sort((one, other) => other.seconds - one.seconds)[0]
}

/** By how much waits must be longer at this pace: 1 on a machine that has time, and 6 at most. */
export const slownessAt = (pace: Pace | undefined): number =>
  Math.min(longest, Math.max(1, (pace?.seconds ?? 0) / usual))

/**
 * The error MP-602 for an attempt that failed where everything was too slow for a verdict; undefined at a pace at
 * which a failure counts.
 */
export const tooSlow = (pace: Pace | undefined, failure: unknown): MeshproofError | undefined =>
  pace && pace.seconds >= limit
    ? new MeshproofError('MP-602', {
        what:
          `Too slow for a verdict: a command that does nothing took ${pace.seconds.toFixed(1)} s in ` + pace.cluster,
        why: `what the check saw may only be late (${reasonOf(failure)})`,
        next: 'This says nothing about the mesh: run again when the machine has more time.',
        cause: failure,
      })
    : undefined
