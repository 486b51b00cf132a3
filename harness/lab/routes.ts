import type { Lab } from './lab.ts'
import { inNode } from './kind.ts'

/** The name of the task that joins clusters of one network. */
export const routes = 'routes between clusters of one network'

/**
 * Makes the pods and services of clusters on one network routable to each other, as a VPN or a flat network would: a
 * route for each range of a peer by way of its node (seeds 002 and 003).
 */
export const joinNetworks = async ({ runId, clusters }: Lab, signal: AbortSignal): Promise<void> => {
  await Promise.all(
    clusters.map(async (cluster) => {
      const peers = clusters.filter((peer) => peer !== cluster && peer.network === cluster.network)
      const lines = await Promise.all(
        peers.map(async (peer) => {
          const address = await peer.address()
          return [peer.podCidr, peer.serviceCidr].map((range) => `ip route replace ${range} via ${address}`)
        }),
      )
      if (peers.length > 0) await inNode(runId, cluster.name, lines.flat().join(' && '), signal)
    }),
  )
}
