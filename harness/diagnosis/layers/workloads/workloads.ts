import type { Layer } from '#diagnosis/layer.ts'
import type { SurveyedCluster } from '#probes/survey/survey.ts'
import { brokenPods } from './broken-pods.ts'
import { missingPods } from './missing-pods.ts'
import { clocksApart, nodesNotReady } from './nodes.ts'
import { starvedSidecars } from './starved-sidecars.ts'

/**
 * The pods of the mesh’s namespaces are there and ready, their sidecars have processor time, and their nodes are
 * ready and have the same time.
 */
export const workloads: Layer = {
  name: 'workloads',
  look: async (mesh) => {
    const [pods, missing, nodes, clocks, starved] = await Promise.all([
      Promise.all(mesh.clusters.map(brokenPods)),
      missingPods(mesh),
      Promise.all(mesh.clusters.map(nodesNotReady)),
      clocksApart(mesh.clusters),
      Promise.all(mesh.clusters.map((cluster) => starvedSidecars(cluster))),
    ])
    const counts = await Promise.all(mesh.clusters.map(readyCount))
    return {
      findings: [
        ...nodes.flatMap(({ findings }) => findings),
        ...clocks.findings,
        ...missing.findings,
        ...pods.flat(),
        ...starved.flat(),
      ],
      seen: counts.join(', '),
      notes: [...nodes.flatMap(({ notes }) => notes), ...clocks.notes, ...missing.notes],
    }
  },
}

const readyCount = async ({ name, reads }: SurveyedCluster): Promise<string> =>
  `${name} ${(await reads.proxies()).length} pods with a proxy`
