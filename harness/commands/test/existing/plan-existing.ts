import type { Check } from '#checks/check.ts'
import { type ExistingMesh, ownNamespaces } from '#checks/existing-target.ts'
import type { Wanted } from '#images/images.ts'
import { loadRelease, pinnedGatewayApi } from '#images/release/release-plan.ts'
import { admissionTo } from '#diagnosis/new-namespace.ts'
import { requirePassage } from '#diagnosis/passage.ts'
import { requireGatewayApi } from '#istio/gateway-api.ts'
import { asksEcho, requireEchoImage } from '#run/asks-echo.ts'
import { planChecks } from '#run/plan-checks.ts'
import { type MeshPlan, selectChecks } from '#run/plan.ts'
import type { ContextCluster } from '#probes/survey/contexts.ts'
import { differentMeshIds, meshLines, survey, type SurveyedCluster } from '#probes/survey/survey.ts'
import type { Mtls } from '#topology/topology-file.ts'
import { noEchoImage } from './echo.ts'
import { prepareExistingMesh } from './existing-mesh.ts'
import { workloadImages, type WorkloadImages } from './images.ts'
import { requirePermissions } from './permissions.ts'
import { type ExistingCluster, type Step, stepsOf } from './steps.ts'

/**
 * Requires that every cluster whose istiod makes gateways has the release of the Gateway API that labs have.
 * @throws MeshproofError MP-119.
 */
const requirePinnedGatewayApi = async (clusters: SurveyedCluster[], pins: string | undefined): Promise<void> => {
  const pinned = pinnedGatewayApi(await loadRelease(pins), pins)
  for (const { context, kube, role } of clusters)
    if (role === 'primary') await requireGatewayApi({ name: context, kube }, pinned, 'present')
}

/** The plan of a run on existing clusters: what they are, and what the run makes and checks in them. */
export type ExistingPlan = MeshPlan & {
  found: ExistingMesh
  clusters: ExistingCluster[]
  images: WorkloadImages
  steps: Step[]
  /** For people: the clusters with their roles. */
  lines: string[]
  /** The versions, without duplicates. */
  kubernetes: string
  istio: string
}

/**
 * Surveys existing clusters and plans a run on them. It only reads the clusters and the users’ permissions.
 * @throws MeshproofError MP-101 for an unknown check, MP-115 to MP-118 where the contexts are not those of a mesh,
 * MP-119 where gateways must be resources of the Gateway API and a cluster has another release of it, MP-142 where the
 * user lacks permissions, MP-145 for clusters that cannot be tested together, MP-148 where gateways would pass on
 * nothing of the run, MP-375 where the patterns
 * select checks of echo and no image of it is named.
 */
export const planExisting = async (
  connected: ContextCluster[],
  {
    kubeconfig,
    mtls = 'strict',
    istioNamespace,
    suite,
    images: wanted,
    gateways,
    pins,
    echoImage,
  }: {
    kubeconfig?: string | undefined
    mtls?: Mtls | undefined
    istioNamespace?: string | undefined
    suite: string[]
    images: Wanted['images']
    gateways?: Wanted['gateways']
    pins?: Wanted['pins']
    echoImage?: Wanted['echoImage']
  },
  checks: readonly Check[],
): Promise<ExistingPlan> => {
  const selected = selectChecks(suite, checks)
  if (echoImage === undefined) requireEchoImage(suite, checks, 'existing clusters')
  const surveyed = await survey(connected, istioNamespace)
  if (gateways === 'gateway-api') await requirePinnedGatewayApi(surveyed.clusters, pins)
  const admission = await admissionTo(surveyed)
  await requirePermissions(surveyed.clusters, { echo: echoImage !== undefined, admission })
  await requirePassage(surveyed, ownNamespaces.mesh)
  const [mesh, images] = await Promise.all([
    prepareExistingMesh(surveyed, mtls, kubeconfig, admission),
    workloadImages(wanted, surveyed.clusters),
  ])
  const found = echoImage === undefined ? { ...mesh, withheld: { ...mesh.withheld, echo: noEchoImage } } : mesh
  const clusters = found.clusters.flatMap((cluster) =>
    surveyed.clusters.filter(({ context }) => context === cluster.context).map(({ kube }) => ({ ...cluster, kube })),
  )
  const distinct = (property: (cluster: (typeof surveyed.clusters)[number]) => string): string =>
    [...new Set(surveyed.clusters.map(property))].join(', ')
  const planned = planChecks(checks, found, selected, { withheld: found.withheld })
  return {
    topology: found,
    ...planned,
    found,
    clusters,
    images,
    steps: stepsOf(found, clusters, images, asksEcho([planned], checks) ? echoImage : undefined),
    lines: [
      ...meshLines(surveyed),
      ...differentMeshIds(surveyed).map((line) => `  ${line}: traffic does not look at it, telemetry does`),
      `Images: ${images.source} (${images.why})`,
    ],
    kubernetes: distinct(({ kubernetes }) => kubernetes),
    istio: distinct(({ istio }) => istio || 'unknown'),
  }
}
