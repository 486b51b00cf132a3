import type { V1DaemonSet } from '@kubernetes/client-node'
import { placeOf } from './places.ts'
import type { SurveyedCluster } from '#probes/survey/survey.ts'

/** How many agents are named. */
const shown = 5

/**
 * Agents of nodes (DaemonSets) that do not run as they are asked to, in lines. Where kube-proxy or the agent of a load
 * balancer is missing, addresses of services lead where they led before, or nowhere. It explains a way that is closed,
 * and is no fault by itself: other programs can do the work of an agent. None where they cannot be read.
 */
export const missingAgents = async (cluster: SurveyedCluster): Promise<string[]> => {
  const agents = await cluster.reads.daemonSets().catch((): V1DaemonSet[] => [])
  return agents
    .filter(
      ({ status }) =>
        (status?.numberReady ?? 0) === 0 || (status?.numberReady ?? 0) < (status?.desiredNumberScheduled ?? 0),
    )
    .slice(0, shown)
    .map((agent) => {
      const { numberReady: ready = 0, desiredNumberScheduled: desired = 0 } = agent.status ?? {}
      const runs = desired === 0 ? 'is asked for on no node' : `runs on ${ready} of ${desired} nodes`
      const effect = 'addresses of services may lead where they led before'
      return `DaemonSet ${placeOf(agent)} of ${cluster.name} ${runs}: ${effect}`
    })
}
