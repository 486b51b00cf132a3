import type { V1ContainerState, V1Pod } from '@kubernetes/client-node'
import { ownerLabel, runLabel } from '#engine/labels.ts'
import { MeshproofError } from '#errors.ts'
import { namespaceOf } from '#istio/workloads.ts'
import type { KubeClient } from '#kube/client.ts'
import { askUntil, type Patience } from '#kube/until.ts'

/** The namespace of the pod that shows whether a cluster can start echo. */
export const echoNamespace = 'meshproof-judge'

/** A cluster that must be able to start echo, and the run that asks. */
export type EchoAsked = { name: string; kube: KubeClient; runId: string; owner: string; image: string }

/**
 * Starts a pod with the image of echo, and waits until it runs. The pod and its namespace have the labels of the run,
 * and are removed with its other namespaces.
 * @throws MeshproofError MP-371 where the image cannot be had, or does not start in time; Interrupted on the signal.
 */
export const requireEcho = async (
  { name: cluster, kube, runId, owner, image }: EchoAsked,
  patience: Patience,
): Promise<void> => {
  const pod = { apiVersion: 'v1', kind: 'Pod', name: 'echo', namespace: echoNamespace }
  await kube.create(namespaceOf(echoNamespace, { [runLabel]: runId }, { [ownerLabel]: owner }))
  await kube.create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: pod.name, namespace: echoNamespace },
    spec: {
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'echo', image, imagePullPolicy: 'IfNotPresent', args: ['--port=8080'] }],
    },
  })
  const state = await askUntil(
    async () => stateOf(await kube.get<V1Pod>(pod)),
    (seen) => seen.running !== undefined || refusals.has(seen.waiting?.reason ?? ''),
    patience,
  )
  if (state.running !== undefined) return
  throw new MeshproofError('MP-371', {
    what: 'A cluster cannot start the image of echo, which judges send their requests to',
    where: `${cluster}, ${image}`,
    why:
      [state.waiting?.reason, state.waiting?.message, state.terminated?.message].filter(Boolean).join(': ') ||
      `it was not running after ${Math.round(patience.within / 1000)} s`,
    next: 'Push the image to a registry that the clusters can pull from, and name it with --echo-image.',
  })
}

/** What a node says of an image that it will not get. */
const refusals = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'CrashLoopBackOff',
])

const stateOf = (pod: V1Pod | undefined): V1ContainerState => {
  const state = pod?.status?.containerStatuses?.[0]?.state
  if (state !== undefined) return state
  // A pod that no node takes has no container yet.
  const unplaced = pod?.status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False')
  return unplaced === undefined ? {} : { waiting: { reason: unplaced.reason ?? '', message: unplaced.message ?? '' } }
}
