import { reasonOf, type MeshproofError } from '#errors.ts'
import { readyPod } from '#kube/pods.ts'
import { measurePace, tooSlowAt } from '#probes/pace.ts'
import type { Target } from './target.ts'

/** How many seconds a command that does nothing takes in a cluster’s client pod. */
export type Pace = { cluster: string; seconds: number }

/** What such a command takes at most on a machine that has time, in seconds. */
const usual = 0.5

/** The most by which waits become longer. */
const longest = 6

/** The slowest of a target’s clusters; undefined where none could be asked, as where no client is ready. */
export const paceOf = async (target: Target): Promise<Pace | undefined> => {
  const namespace = target.namespaces.mesh
  const paces = await Promise.all(
    target.clusters.map(async ({ name, kube }): Promise<Pace | undefined> => {
      const pod = await readyPod(kube, namespace, 'app=sleep').then(
        ({ metadata }) => metadata?.name ?? '',
        () => undefined,
      )
      if (pod === undefined) return undefined
      const seconds = await measurePace(kube, { namespace, pod, container: 'sleep' }, ['curl', '--version'])
      return seconds === undefined ? undefined : { cluster: name, seconds }
    }),
  )
  return paces.filter((pace) => pace !== undefined).sort((one, other) => other.seconds - one.seconds)[0]
}

/** By how much waits must be longer at this pace: 1 on a machine that has time, and 6 at most. */
export const slownessAt = (pace: Pace | undefined): number =>
  Math.min(longest, Math.max(1, (pace?.seconds ?? 0) / usual))

/** The error MP-602 for an attempt that failed where everything was too slow; undefined where the failure counts. */
export const tooSlow = (pace: Pace | undefined, failure: unknown): MeshproofError | undefined =>
  tooSlowAt(pace?.seconds, pace?.cluster ?? '', reasonOf(failure), failure)
