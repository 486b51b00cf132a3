import { MeshproofError } from '#errors.ts'
import type { RunState } from '#lab/run-state.ts'
import { keptLab } from '#commands/test/kept-lab.ts'
import type { JudgeResult } from '#results/results.ts'
import { istioVersions } from '#images/istio-of-clusters.ts'
import { loadRecipes } from '#images/source/recipes.ts'
import { roughly } from '#report/words.ts'
import { catalogue } from '#run/catalogue.ts'
import { makePlans, type TopologyPlan } from '#run/plan.ts'
import { requireIstioOfClusters } from '#run/require-istio-of-clusters.ts'
import type { MeshShape } from '#topology/topology-file.ts'
import { hasExternalControlPlane, primariesOf } from '#topology/roles.ts'
import { type IstioJudge, istioList } from './istio/istio-list.ts'
import { type JudgeName, type JudgeOptions, judgesOf } from './options.ts'
import { buildSeconds, conformanceVersion } from './programs.ts'

/** The lab that is judged, and the kept lab where one is reused. */
export type JudgePlan = { plan: TopologyPlan; reused: RunState | undefined }

/**
 * Plans the lab of `judge`. None of our checks is run.
 * @throws MeshproofError MP-101 for an unknown judge or topology, and for several topologies; MP-106 where no lab is
 * kept; as makePlans and requireIstioOfClusters do.
 */
export const planLab = async (options: JudgeOptions): Promise<JudgePlan> => {
  judgesOf(options)
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

/** A judge that a mesh is judged by, with the version of its tests. */
export type PlannedJudge = { name: JudgeName; version: string }

/**
 * The judges that are asked, with their versions: that of Gateway API’s tests is pinned, and Istio’s tests are of
 * the release under test, which is `istio`, or the default one.
 * @throws MeshproofError as judgesOf does.
 */
export const versionedJudges = async (
  options: Pick<JudgeOptions, 'with' | 'contexts' | 'istio'>,
): Promise<PlannedJudge[]> => {
  const names = judgesOf(options)
  const istio = options.istio ?? (await loadRecipes()).roles['tag'] ?? 'unknown'
  const conformance = await conformanceVersion()
  return names.map((name) => ({ name, version: name === 'gateway-api' ? conformance : istio }))
}

/** The verdicts of the judges of a mesh before they are asked: `not-run`, or `skipped` where they will not be. */
export const plannedJudges = async (
  mesh: Pick<MeshShape, 'clusters'>,
  judges: readonly PlannedJudge[],
): Promise<JudgeResult[]> => {
  const istio = (await istioList()).judges
  return judges.flatMap(({ name, version }) => {
    const tests = istio.find((judge) => judge.name === name)
    const groups = tests === undefined ? gatewayApiGroups(mesh) : istioGroups(mesh, tests)
    return groups.map(({ clusters, skipped }) => unasked(name, version, clusters, skipped))
  })
}

/** Clusters that a judge is asked about together, and why it is not asked about them. */
export type JudgedGroup = { clusters: string[]; skipped?: string }

/** A remote cluster is not asked: its istiod reads routes in the cluster of its control plane alone. */
const gatewayApiGroups = ({ clusters }: Pick<MeshShape, 'clusters'>): JudgedGroup[] => {
  const primaries = primariesOf({ clusters }).map(({ name }) => name)
  return clusters.map(({ name, role }) => ({
    clusters: [name],
    ...(role === 'primary'
      ? {}
      : { skipped: `istiod reads the routes of the Gateway API in ${primaries.join(', ')} alone` }),
  }))
}

/** The clusters of a mesh, as one of Istio’s judges is asked about them. */
export const istioGroups = (
  { clusters }: Pick<MeshShape, 'clusters'>,
  { clusters: asked }: Pick<IstioJudge, 'clusters'>,
): JudgedGroup[] => {
  const groups =
    asked === 'together' ? [clusters.map(({ name }) => name)] : primariesOf({ clusters }).map(({ name }) => [name])
  const skipped = hasExternalControlPlane({ clusters })
    ? 'Istio’s tests install an external control plane themselves, and do not know one that is there'
    : undefined
  return groups.map((names) => ({ clusters: names, ...(skipped === undefined ? {} : { skipped }) }))
}

const unasked = (judge: string, version: string, clusters: string[], skipped?: string): JudgeResult => ({
  judge,
  version,
  clusters,
  verdict: skipped === undefined ? 'not-run' : 'skipped',
  reason: skipped ?? 'the run ended before it',
  startedAt: new Date().toISOString(),
  seconds: 0,
  levels: [],
  tests: [],
})

/** The verdicts of the judges that are asked. */
export const askedOf = (planned: readonly JudgeResult[]): JudgeResult[] =>
  planned.filter(({ verdict }) => verdict !== 'skipped')

/** The judges that some cluster is asked by: the others need no program. */
export const judgesNeeded = (judges: readonly PlannedJudge[], planned: readonly JudgeResult[]): PlannedJudge[] =>
  judges.filter(({ name }) => askedOf(planned).some(({ judge }) => judge === name))

/** How long judges take on two cores, in seconds: the builds that the cache lacks, and the judges themselves. */
export type JudgeTime = { building: number; judging: number }

/** How long the judge gateway-api took in a cluster, on two cores. Those of Istio’s judges are in their list. */
const gatewayApiSeconds = 30

/**
 * Estimates how long the judges of a mesh take.
 * @throws MeshproofError MP-370 for a release of Istio whose tests are not pinned, MP-350 and MP-351 for a checkout.
 */
export const judgeTime = async (
  planned: readonly JudgeResult[],
  { istio, istioSource }: Pick<JudgeOptions, 'istio' | 'istioSource'>,
): Promise<JudgeTime> => {
  const asked = askedOf(planned).map(({ judge }) => judge)
  const { judges } = await istioList()
  const secondsOf = (name: string): number => judges.find((judge) => judge.name === name)?.seconds ?? gatewayApiSeconds
  const packages = new Set(judges.filter(({ name }) => asked.includes(name)).map((judge) => judge.package))
  const release = istioVersions(istio)[0] ?? (await loadRecipes()).roles['tag'] ?? ''
  return {
    building: await buildSeconds({ release, istioSource, packages: [...packages] }, asked.includes('gateway-api')),
    judging: asked.reduce((sum, name) => sum + secondsOf(name), 0),
  }
}

/** What `judge` will do, and how long the judges take. */
export const judgeLines = (
  { name }: Pick<MeshShape, 'name'>,
  planned: readonly JudgeResult[],
  { building, judging }: JudgeTime,
): string[] => {
  const asked = askedOf(planned)
  const judges = [...new Set(asked.map(({ judge }) => judge))].map((judge) => {
    const results = asked.filter((result) => result.judge === judge)
    const clusters = results.flatMap((result) => result.clusters)
    return `${judge} ${results[0]?.version ?? ''} in ${clusters.join(', ')}`
  })
  const first = building === 0 ? '' : `; before them their programs are built, once: about ${roughly(building)}`
  return [`${name}: ${judges.join('; ')}`, `the judges take about ${roughly(judging)} on 2 cores${first}`]
}
