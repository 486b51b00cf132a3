import { takeAway } from '#kube/put-in-place.ts'
import type { Lab } from '#lab/lab.ts'
import { remoteSecretRef } from '#istio/remote-secret.ts'
import { caRotation, swapRoot } from './ca-rotation.ts'
import { rotateRemoteSecret } from './rotate-remote-secret.ts'
import { followAddresses, moveAddress, restartGateways, withGatewayReplicas } from './gateways.ts'
import { freshIstiod, restartNode, withoutApiServer, withoutIstiod } from './servers.ts'

/**
 * What can be done to a mesh that is ours: each either lasts while `during` runs and is then undone, or leaves a mesh
 * that is as good as before. Clusters are told by name.
 */
export type Disruptions = {
  withGatewayReplicas: <T>(replicas: number, during: () => Promise<T>) => Promise<T>
  /** Every east-west gateway, one cluster after the other. */
  restartGateways: () => Promise<void>
  /**
   * Every control plane, for so long (milliseconds) and as long as `during` runs; it is over once they are ready again.
   */
  withoutIstiod: (lasting: number, during: () => Promise<unknown>) => Promise<void>
  /** It is over once the server answers again. */
  withoutApiServer: (cluster: string, lasting: number) => Promise<void>
  /** New credentials in every remote secret of a cluster, and the old ones revoked. */
  rotateRemoteSecret: (cluster: string) => Promise<void>
  /** Every remote secret of a cluster is gone, and comes back as it was. */
  withoutRemoteSecret: <T>(cluster: string, during: () => Promise<T>) => Promise<T>
  /** It is over once pods can start again. */
  restartNode: (cluster: string) => Promise<void>
  /** A control plane’s pods that have not restarted. */
  freshIstiod: (cluster: string) => Promise<void>
  /** Another address for what others know the cluster by, and back; undefined where they know it by none. */
  moveAddress: (cluster: string) => ReturnType<typeof moveAddress>
  /** How proxies are told the gateways’ addresses. */
  gatewaysFound: 'by label' | 'written down'
  /** What the documentation has somebody do after that. */
  followAddresses: () => Promise<void>
  /**
   * The root of all certificates changed, in the documented steps; `swapRoot` tries it in one, which must be refused,
   * and returns its undo.
   */
  rotateRoot: () => Promise<void>
  swapRoot: () => Promise<() => Promise<void>>
}

/** What can be done to a lab’s mesh. What it puts back is put back also after `signal` has fired. */
export const disruptionsIn = (lab: Lab, signal: AbortSignal): Disruptions => ({
  withGatewayReplicas: (replicas, during) => withGatewayReplicas(lab, replicas, during),
  restartGateways: () => restartGateways(lab, signal),
  withoutIstiod: (lasting, during) => withoutIstiod(lab, lasting, during, signal),
  withoutApiServer: (cluster, lasting) => withoutApiServer(lab, lab.cluster(cluster), lasting, signal),
  rotateRemoteSecret: (cluster) => rotateRemoteSecret(lab, lab.cluster(cluster), signal),
  withoutRemoteSecret: async (cluster, during) => {
    const undo = await Promise.all(
      lab.primaries
        .filter(({ name }) => name !== cluster)
        .map((primary) => takeAway(primary.kube, remoteSecretRef(cluster, primary))),
    )
    try {
      return await during()
    } finally {
      for (const back of undo) await back()
    }
  },
  restartNode: (cluster) => restartNode(lab, lab.cluster(cluster)),
  freshIstiod: (cluster) => freshIstiod(lab, lab.cluster(cluster)),
  moveAddress: (cluster) => moveAddress(lab, lab.cluster(cluster), signal),
  gatewaysFound: lab.topology.procedure === 'gateway' ? 'written down' : 'by label',
  followAddresses: () => followAddresses(lab, signal),
  rotateRoot: async () => {
    for (const step of caRotation()) await step.run(lab, signal)
  },
  swapRoot: () => swapRoot(lab, signal),
})
