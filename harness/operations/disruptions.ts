import { takeAway } from '#kube/put-in-place.ts'
import type { Lab } from '#lab/lab.ts'
import { remoteSecretRef } from '#istio/remote-secret.ts'
import { caRotation, swapRoot } from './ca-rotation.ts'
import { rotateRemoteSecret } from './rotate-remote-secret.ts'
import { followAddresses, moveAddress, restartGateways, withGatewayReplicas } from './gateways.ts'
import { freshIstiod, restartNode, withoutApiServer, withoutIstiod } from './servers.ts'

/**
 * The disruptions of a mesh that is ours. Each one either lasts while `during` runs and is then undone, or leaves the
 * mesh as good as before. Clusters are given by name.
 */
export type Disruptions = {
  /** Scales every east-west gateway while `during` runs. */
  withGatewayReplicas: <T>(replicas: number, during: () => Promise<T>) => Promise<T>
  /** Restarts every east-west gateway, one cluster after the other. */
  restartGateways: () => Promise<void>
  /**
   * Stops every control plane for `lasting` milliseconds, and at least while `during` runs. It ends when all are
   * ready again.
   */
  withoutIstiod: (lasting: number, during: () => Promise<unknown>) => Promise<void>
  /** Stops a cluster’s API server for `lasting` milliseconds. It ends when the server answers again. */
  withoutApiServer: (cluster: string, lasting: number) => Promise<void>
  /** Puts new credentials into every remote secret of a cluster, and revokes the old ones. */
  rotateRemoteSecret: (cluster: string) => Promise<void>
  /** Removes every remote secret of a cluster while `during` runs, and then restores it. */
  withoutRemoteSecret: <T>(cluster: string, during: () => Promise<T>) => Promise<T>
  /** Restarts a cluster’s node. It ends when pods can start again. */
  restartNode: (cluster: string) => Promise<void>
  /** Replaces a control plane’s pods by new pods, which have no restarts. */
  freshIstiod: (cluster: string) => Promise<void>
  /** Changes the address by which others reach a cluster. Undefined where no address is used. */
  moveAddress: (cluster: string) => ReturnType<typeof moveAddress>
  /** How istiod finds the gateways’ addresses. */
  gatewaysFound: 'by label' | 'written down'
  /** Does what the documentation asks for after an address has changed. */
  followAddresses: () => Promise<void>
  /**
   * Changes the root in the documented steps. `swapRoot` tries it in one step, which istiod must refuse, and returns
   * its undo.
   */
  rotateRoot: () => Promise<void>
  swapRoot: () => Promise<() => Promise<void>>
}

/** The disruptions of a lab’s mesh. Their undo also runs after `signal` has fired. */
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
      for (const restore of undo) await restore()
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
