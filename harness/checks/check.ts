import type { CheckLayer } from '#results/results.ts'
import { networksOf, severalNetworks } from '#topology/networks.ts'
import { hasExternalControlPlane } from '#topology/roles.ts'
import type { MeshShape } from '#topology/topology-file.ts'
import type { Cluster } from './cluster.ts'
import type { Need, UpgradeStage, Withheld } from './target.ts'
import type { Mesh } from './mesh.ts'

/** The metadata of a check. The list, the documents and the reports are generated from it. */
export type CheckHead = {
  /** Stable: `layer.what`. */
  id: string
  layer: CheckLayer
  /** What is true when the check passes. */
  title: string
  /** The origin of the rule, in our words: a seed, a document or an issue. */
  source: string
  /** `each`: the check runs once from every cluster. `mesh`: it runs once, for all clusters together. */
  from: 'each' | 'mesh'
  /**
   * The clusters that answer, relative to the cluster that asks; default: all clusters. The check does not run from a
   * cluster for which no cluster answers.
   */
  to?: 'own' | 'same network' | 'other networks'
  /**
   * The checks of a layer run at the same time, except these. `among checks`: it counts requests, and would count
   * those of other checks. `in the mesh`: it changes the mesh for a moment, or counts all traffic, so no traffic can
   * be measured beside it either. `on the wire`: it sees all packets, so nothing at all runs beside it.
   */
  alone?: 'among checks' | 'in the mesh' | 'on the wire'
  /**
   * The check takes away pods of its own alone, those of helloworld-failover. It runs beside the checks of other
   * layers, from `reach` on, and one after the other with those that do the same. No traffic is measured beside it.
   */
  ownPods?: true
  /**
   * The check disrupts the mesh. It runs alone, in labs only, and on demand. It has one attempt, for up to `seconds`
   * (or `--timeout`, where that is more): a second attempt in a mesh that has just been disturbed would answer another
   * question.
   */
  disrupts?: { seconds: number }
  /** Why the check runs on demand: only where a pattern of `--suite` names it or its layer. */
  onDemand?: string
  /** The check compares the mesh with the stage of an upgrade. Outside of an upgrade it is not part of the plan. */
  upgrade?: true
  /** True where the check applies, to a topology and a stage of an upgrade; otherwise the reason why not. */
  applies?: (topology: MeshShape, upgrade?: UpgradeStage) => true | string
  /** What the check needs. A mesh that withholds any of it skips the check. */
  needs?: readonly Need[]
}

/** What the function of a check is given. */
export type CheckContext = {
  mesh: Mesh
  /** The cluster that requests come from; with `from: 'mesh'` the primary cluster. */
  from: Cluster
  signal: AbortSignal
}

/** A check: its metadata, and the function that proves it. The function returns a short summary of its observations. */
export type Check = CheckHead & { prove: (context: CheckContext) => Promise<string> }

/** Makes a check from its metadata and the function that proves it. */
export const check = (head: CheckHead, prove: Check['prove']): Check => ({ ...head, prove })

/** The checks that do not change the mesh. They can run while an upgrade’s traffic is measured. */
export const harmlessChecks = (checks: readonly Check[]): Check[] =>
  checks.filter(({ alone, ownPods }) => (alone ?? 'among checks') === 'among checks' && !ownPods)

/**
 * The reason why a check does not apply to a topology, at a stage of an upgrade where there is one; undefined where
 * it applies.
 */
export const notApplicable = (head: CheckHead, topology: MeshShape, upgrade?: UpgradeStage): string | undefined => {
  if (head.upgrade && !upgrade) return 'it compares the mesh with a stage of an upgrade'
  const answer = head.applies?.(topology, upgrade) ?? true
  if (answer !== true) return answer
  return head.disrupts && hasExternalControlPlane(topology)
    ? 'disruptions of a mesh with an external control plane are not supported'
    : undefined
}

/** Why a check runs only where a pattern of `--suite` names it or its layer; undefined for one of every run. */
export const whyOnDemand = ({ disrupts, onDemand }: Pick<CheckHead, 'disrupts' | 'onDemand'>): string | undefined =>
  disrupts ? 'it disrupts the mesh' : onDemand

/** The reason why a check cannot run in a mesh that withholds something; undefined where it can. */
export const withheldFrom = ({ needs = [], disrupts }: CheckHead, withheld: Withheld): string | undefined =>
  [...needs, ...(disrupts ? ['disruption' as const] : [])]
    .map((need) => withheld[need])
    .find((reason) => reason !== undefined)

type Applies = NonNullable<CheckHead['applies']>

/** Applies where the clusters are on more than one network. */
export const onSeveralNetworks: Applies = (topology) => severalNetworks(topology) || 'all clusters are on one network'

/** Applies where all clusters are on one network. */
export const onOneNetwork: Applies = (topology) => !severalNetworks(topology) || 'clusters are on several networks'

/** Applies where two clusters share a network. */
export const onSharedNetwork: Applies = (topology) =>
  networksOf(topology).length < topology.clusters.length || 'every cluster is on a network of its own'

/** Applies where one control plane serves every cluster. */
export const withOneControlPlane: Applies = ({ clusters }) =>
  clusters.filter(({ role }) => role === 'primary').length === 1 || 'every cluster has a control plane of its own'

/** Applies where mutual TLS is required. */
export const withMutualTls: Applies = ({ mtls }) => mtls === 'strict' || 'mutual TLS is off'

/** Applies where authentication is off. */
export const withoutMutualTls: Applies = ({ mtls }) => mtls === 'off' || 'mutual TLS is required'

/**
 * Applies where requests reach every cluster. Plaintext crosses clusters on one network, but never crosses networks
 * (Istio’s mutual TLS matrix).
 */
export const whereRequestsCross: Applies = (topology) =>
  topology.mtls === 'strict' || !severalNetworks(topology) || 'mutual TLS is off, and plaintext does not cross networks'

/** Applies to the named procedure only. */
export const only =
  (procedure: string): Applies =>
  (topology) =>
    topology.procedure === procedure || `it belongs to the ${procedure} topology`

/** Applies where all conditions apply. The first that does not gives the reason. */
export const where =
  (...conditions: Applies[]): Applies =>
  (topology, upgrade) =>
    conditions.map((applies) => applies(topology, upgrade)).find((answer) => answer !== true) ?? true
