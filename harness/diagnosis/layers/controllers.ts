import type { V1Deployment, V1EndpointSlice, V1Pod } from '@kubernetes/client-node'
import { kubectl, type Finding } from '#diagnosis/layer.ts'
import { placeOf } from '#diagnosis/places.ts'
import { askUntil } from '#kube/until.ts'
import type { SurveyedCluster } from '#probes/survey/survey.ts'

/**
 * How long controllers may take to follow a change, in milliseconds: they need a fraction of a second, and more on a
 * machine with too much to do.
 */
const patience = 15_000

/** How many objects a finding names. */
const named = 3

type Seen = { deployments: V1Deployment[]; slices: V1EndpointSlice[]; pods: V1Pod[] }

/**
 * A cluster whose controllers (kube-controller-manager) do not work: addresses stay in slices whose pods are gone, and
 * changed deployments stay as they were. The API server answers, and running pods go on, so nothing else shows it.
 * `within` is the patience in milliseconds.
 */
export const idleControllers = async (cluster: SurveyedCluster, within = patience): Promise<Finding[]> => {
  const { name, kube, reads } = cluster
  const [deployments, slices, pods] = await Promise.all([
    // Nothing is known of what may not be read.
    reads.deployments().catch((): V1Deployment[] => []),
    reads.slices().catch((): V1EndpointSlice[] => []),
    reads.pods(),
  ])
  const lookAgain = async (): Promise<string[]> => {
    const [deploymentsNow, slicesNow, podsNow] = await Promise.all([
      deployments.length > 0 ? kube.list<V1Deployment>({ apiVersion: 'apps/v1', kind: 'Deployment' }) : [],
      slices.length > 0 ? kube.list<V1EndpointSlice>({ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' }) : [],
      kube.list<V1Pod>({ apiVersion: 'v1', kind: 'Pod' }),
    ])
    return leftUndone({ deployments: deploymentsNow, slices: slicesNow, pods: podsNow })
  }
  let lines = leftUndone({ deployments, slices, pods })
  if (lines.length > 0)
    await askUntil(
      async () => {
        const now = await lookAgain()
        lines = lines.filter((line) => now.includes(line))
      },
      () => lines.length === 0,
      { every: Math.min(1000, within), within },
    )
  if (lines.length === 0) return []
  return [
    {
      code: 'MP-813',
      where: name,
      evidence: [
        ...lines.slice(0, named),
        ...(lines.length > named ? [`and ${lines.length - named} more`] : []),
        `so it has been for ${within / 1000} s`,
      ],
      fix: kubectl(cluster, '-n kube-system get pods,leases   # kube-controller-manager'),
      clusters: [name],
      beneath: true,
    },
  ]
}

/** What controllers have not done yet, in lines. */
export const leftUndone = ({ deployments, slices, pods }: Seen): string[] => {
  const existing = new Set(pods.map(placeOf))
  return [
    ...slices.flatMap((slice) =>
      // Only the controller of slices says so of those that it keeps: others are written by hand.
      slice.metadata?.labels?.['endpointslice.kubernetes.io/managed-by'] !== 'endpointslice-controller.k8s.io'
        ? []
        : (slice.endpoints ?? []).flatMap(({ addresses, targetRef }) =>
            targetRef?.kind !== 'Pod' || existing.has(`${targetRef.namespace ?? ''}/${targetRef.name ?? ''}`)
              ? []
              : [`slice ${placeOf(slice)} holds ${addresses.join(', ')} of pod ${targetRef.name ?? ''}, which is gone`],
          ),
    ),
    ...deployments.flatMap((deployment) => {
      const { generation = 0, deletionTimestamp } = deployment.metadata ?? {}
      const followed = deployment.status?.observedGeneration ?? 0
      return followed < generation && !deletionTimestamp
        ? [`deployment ${placeOf(deployment)} was changed, and nothing has followed it`]
        : []
    }),
  ]
}
