import type { V1EndpointSlice } from '@kubernetes/client-node'
import { isReady } from '#kube/pods.ts'
import { until } from '#kube/until.ts'
import type { Lab } from '#lab/lab.ts'
import { routesTask } from '#lab/routes.ts'
import { istiodPods } from '#istio/istiod-pods.ts'
import { clustersByRole, step, type Procedure } from '#istio/procedure.ts'
import { istiodOf, revisionOf } from '#istio/revision.ts'
import {
  controlPlane,
  installRemote,
  mutualTls,
  named,
  remoteProfile,
  remoteSecret,
  trust,
  workloads,
} from '#istio/shared-steps.ts'

/** The address of istiod's pod as it is now. @throws MeshproofError MP-401 when it has none within 60 s. */
const capturedAddress = ({ primary, topology }: Lab, signal?: AbortSignal): Promise<string> =>
  until(
    `istiod’s pod in ${primary.name} has an address`,
    async () => (await istiodPods(primary, revisionOf(topology))).find(isReady)?.status?.podIP,
    { every: 150, within: 60_000, signal },
  )

/** Writes istiod's address into every remote cluster that holds another one, and says which did. */
const captureAgain = async (lab: Lab, signal: AbortSignal): Promise<string | undefined> => {
  const address = await capturedAddress(lab, signal)
  const moved = await Promise.all(
    lab.clusters
      .filter(({ role }) => role === 'remote')
      .map(async (remote) => {
        const slices = await remote.kube.list<V1EndpointSlice>({
          apiVersion: 'discovery.k8s.io/v1',
          kind: 'EndpointSlice',
          namespace: remote.istioNamespace,
          selector: `kubernetes.io/service-name=${istiodOf(lab.topology)}`,
        })
        const before = slices.flatMap(({ endpoints }) => endpoints ?? []).flatMap(({ addresses }) => addresses)
        if (before.length > 0 && before.every((known) => known === address)) return []
        await installRemote(lab, remote, address, signal)
        return [`${remote.name} held ${before.join(', ') || 'none'}`]
      }),
  )
  return moved.flat().length === 0
    ? undefined
    : `istiod’s pod has moved to ${address}: captured again (${moved.flat().join('; ')})`
}

/**
 * Single control plane over one flat network, its address captured from the primary's pods (seed 002). The seed
 * captures three addresses (pilot, policy, telemetry). One of them is left, that of istiod. A pod's address lasts no
 * longer than the pod, so it is captured again whenever checks begin.
 */
export const sharedControlPlane: Procedure = {
  name: 'shared-control-plane',
  discoveryAddress: capturedAddress,
  follow: captureAgain,
  steps: (topology) => {
    const { all, primary, remotes } = clustersByRole(topology)
    return [
      ...all.map((cluster) => trust(cluster, topology)),
      controlPlane(primary, topology, () => ({ externalIstiod: true })),
      step(`${primary}: address of istiod, captured from its pod`, capturedAddress, [named.controlPlane(primary)]),
      ...mutualTls(topology, () => [named.controlPlane(primary)]),
      ...remotes.flatMap((remote) => [
        remoteProfile(remote, capturedAddress, [
          `${primary}: address of istiod, captured from its pod`,
          named.trust(remote, topology),
        ]),
        remoteSecret(remote, primary, [named.remote(remote)]),
      ]),
      workloads(primary, [named.controlPlane(primary)]),
      ...remotes.map((remote) => workloads(remote, [named.remoteSecret(remote, primary), routesTask])),
    ]
  },
}
