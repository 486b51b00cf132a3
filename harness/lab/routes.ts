import type { Lab } from './lab.ts'
import { inNode } from './kind.ts'

/** The name of the task that adds these routes. */
export const routesTask = 'routes between clusters of one network'

/**
 * Adds routes between the clusters of each network, as a VPN or a flat network would have them (seeds 002 and 003).
 * Each node gets a route to the pods and services of every other cluster of its network.
 */
export const addRoutes = async ({ runId, clusters }: Lab, signal: AbortSignal): Promise<void> => {
  await Promise.all(
    clusters.map(async (cluster) => {
      const peers = clusters.filter((peer) => peer !== cluster && peer.network === cluster.network)
      const commands = await Promise.all(
        peers.map(async (peer) => {
          const address = await peer.address()
          return [peer.podCidr, peer.serviceCidr].map((range) => `ip route replace ${range} via ${address}`)
        }),
      )
      if (peers.length > 0) await inNode(runId, cluster.name, commands.flat().join(' && '), signal)
    }),
  )
}
