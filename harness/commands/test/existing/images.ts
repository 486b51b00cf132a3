import { rolesOf } from '#images/versions.ts'
import type { ImageSource, Wanted } from '#images/images.ts'
import type { Reads } from '#probes/survey/reads.ts'

/** The images of the workloads, by role, and the reason for their source. */
export type WorkloadImages = { source: ImageSource; roles: Record<string, string>; why: string }

const needed = ['helloworld-v1', 'helloworld-v2', 'curl'] as const

/**
 * Chooses the images of the workloads. The clusters pull published images themselves. Images that are built from
 * source are in no registry, so `auto` uses them only where every node already has them.
 */
export const workloadImages = async (
  wanted: Wanted['images'],
  clusters: { reads: Reads }[],
): Promise<WorkloadImages> => {
  if (wanted !== 'auto') return { source: wanted, roles: await rolesOf(wanted), why: 'as asked' }
  const built = await rolesOf('source')
  const nodes = await Promise.all(clusters.map(({ reads }) => reads.nodes())).then(
    (perCluster) => perCluster.flat(),
    () => [],
  )
  const everywhere =
    nodes.length > 0 &&
    nodes.every(({ status }) =>
      needed.every((role) => status?.images?.some(({ names }) => names?.includes(built[role] ?? ''))),
    )
  return everywhere
    ? { source: 'source', roles: built, why: 'every node has them' }
    : { source: 'release', roles: await rolesOf('release'), why: 'the clusters pull them' }
}
