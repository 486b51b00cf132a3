import { explanationOf, type Explanation } from '#results/explanation.ts'
import type { TopologyResult } from '#results/results.ts'
import { severalNetworks } from '#topology/networks.ts'

/** Where in the picture a mesh is broken: at its clusters or at their gateways. `words` says the same and why. */
export type BreakingPoint = { part: 'cluster' | 'gateway'; clusters: string[]; words: string }

/**
 * Where the requests of a topology that failed end: the clusters, or their gateways, that the cause names. Undefined
 * where nothing explains the failure, or where the cause names no part of the picture.
 */
export const breakingPoint = (topology: TopologyResult): BreakingPoint | undefined => {
  const explanation = explanationOf(topology)
  return explanation && breakingPointOf(explanation, topology)
}

/** Where a mesh of these clusters is broken by a cause; undefined where the cause names no part of the picture. */
export const breakingPointOf = (
  explanation: Explanation,
  topology: Pick<TopologyResult, 'clusters'>,
): BreakingPoint | undefined => {
  const part = explanation.layer === 'gateways' && severalNetworks(topology) ? 'gateway' : 'cluster'
  const clusters = namedBy(explanation, topology.clusters, part)
  if (clusters.length === 0) return undefined
  const noun = part === 'gateway' ? 'the gateway of ' : ''
  const where = clusters.map((cluster) => `${noun}${cluster}`).join(' and ')
  return { part, clusters, words: `It breaks at ${where}: ${explanation.cause} (${explanation.code})` }
}

const namedBy = (
  { where }: Explanation,
  clusters: TopologyResult['clusters'],
  part: BreakingPoint['part'],
): string[] => {
  const [origin = '', target] = where.split(' → ')
  const named = clustersIn(target ?? origin, clusters, part)
  if (target === undefined || named.length > 0) return named
  // The target is an address. Of two clusters it belongs to the other one; of more, only the origin is known.
  const from = clustersIn(origin, clusters, 'cluster')
  const others = clusters.map(({ name }) => name).filter((name) => !from.includes(name))
  return from.length === 1 && others.length === 1 ? others : from
}

// A gateway belongs to a network: the name of the network stands for the gateways of its clusters.
const clustersIn = (text: string, clusters: TopologyResult['clusters'], part: BreakingPoint['part']): string[] => {
  const words = text.split(/[\s,]+/)
  const ofNetwork = part === 'gateway' ? clusters.filter(({ network }) => words.includes(network)) : []
  const ofName = clusters.filter(({ name }) => words.includes(name))
  return (ofNetwork.length > 0 ? ofNetwork : ofName).map(({ name }) => name)
}
