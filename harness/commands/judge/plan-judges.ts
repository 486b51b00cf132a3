import { MeshproofError } from '#errors.ts'
import type { RunState } from '#lab/run-state.ts'
import { keptLab } from '#commands/test/kept-lab.ts'
import type { JudgeResult } from '#results/results.ts'
import { catalogue } from '#run/catalogue.ts'
import { makePlans, type TopologyPlan } from '#run/plan.ts'
import { requireIstioOfClusters } from '#run/require-istio-of-clusters.ts'
import type { MeshShape } from '#topology/topology-file.ts'
import { primariesOf } from '#topology/roles.ts'
import { unasked } from './gateway-api.ts'
import { type JudgeOptions, requireJudges } from './options.ts'

/** The lab that is judged, and the kept lab where one is reused. */
export type JudgePlan = { plan: TopologyPlan; reused: RunState | undefined }

/**
 * Plans the lab of `judge`. None of our checks is run.
 * @throws MeshproofError MP-101 for an unknown judge or topology, and for several topologies; MP-106 where no lab is
 * kept; as makePlans and requireIstioOfClusters do.
 */
export const planLab = async (options: JudgeOptions): Promise<JudgePlan> => {
  requireJudges(options)
  const { topology, mtls, istio, installer, gateways, reuse } = options
  // Without --mtls a kept lab may have it off.
  const mode = mtls ?? (reuse === false ? 'strict' : undefined)
  const candidates = await makePlans(topology, [], catalogue, { ...options, mtls: mode })
  requireIstioOfClusters(candidates, istio)
  const reused = reuse === false ? undefined : await keptLab(reuse, candidates, installer, gateways)
  const [plan, ...others] = candidates.filter(
    (candidate) =>
      reused === undefined || (candidate.topology.name === reused.topology && candidate.topology.mtls === reused.mtls),
  )
  if (plan === undefined || others.length > 0)
    throw new MeshproofError('MP-101', {
      what: '--topology does not take that value',
      where: `--topology=${topology.join(',')}`,
      why: 'judge takes one topology',
      next: 'Name one; meshproof list shows them.',
    })
  return { plan: { ...plan, planned: [], skipped: [] }, reused }
}

/**
 * The verdicts of the judges of a mesh before they are asked. A remote cluster is not asked: its istiod reads routes in
 * the cluster of its control plane alone.
 */
export const plannedJudges = (mesh: Pick<MeshShape, 'clusters'>, version: string): JudgeResult[] => {
  const primaries = primariesOf(mesh).map(({ name }) => name)
  return mesh.clusters.map(({ name, role }) =>
    role === 'primary'
      ? unasked(name, version, 'not-run', 'the run ended before it')
      : unasked(
          name,
          version,
          'skipped',
          `istiod reads the routes of the Gateway API in ${primaries.join(', ')} alone`,
        ),
  )
}

/** What `judge` will do, in a line. */
export const judgeLine = ({ name, clusters }: MeshShape, version: string): string =>
  `${name}: gateway-api ${version} in ${primariesOf({ clusters })
    .map((cluster) => cluster.name)
    .join(', ')}`
