import type { CheckLayer } from '#results/results.ts'
import { networksOf, severalNetworks } from '#topology/networks.ts'
import type { MeshShape } from '#topology/topology-file.ts'
import type { Cluster } from './cluster.ts'
import type { Need, UpgradeStage, Withheld } from './target.ts'
import type { Mesh } from './mesh.ts'

/** What a check says of itself; the list, the documents and the reports are made from it. */
export type CheckHead = {
  /** Stable: `layer.what`. */
  id: string
  layer: CheckLayer
  /** What holds when it passes, as a sentence without a subject of its own. */
  title: string
  /** Where the rule comes from, in our words: a seed, a document or an issue. */
  source: string
  /** `each`: once from every cluster. `mesh`: once, about all clusters together. */
  from: 'each' | 'mesh'
  /**
   * Which clusters answer, seen from the one that asks; default: all of them. A cluster that has none of them does not
   * ask.
   */
  to?: 'own' | 'same network' | 'other networks'
  /**
   * The others of a layer are asked at once. `among checks`: it counts what passes, and would count theirs. `in the
   * mesh`: it changes the mesh for a moment, or takes all that passes for its own, so that no traffic can be measured
   * beside it either.
   */
  alone?: 'among checks' | 'in the mesh'
  /**
   * It disrupts the mesh, so it is alone in it, and in a lab’s only. It is part of a plan where a pattern of
   * `--suite` names it or its layer, and is made once, for up to so many seconds (or for `--timeout`, where that is
   * more): what it loses is what it is made to find, and a second attempt, in a mesh that has just been disturbed,
   * would be another question.
   */
  disrupts?: { seconds: number }
  /**
   * It compares the mesh with the stage that an upgrade has reached: elsewhere there is none, and it is no part of the
   * plan.
   */
  upgrade?: true
  /** Where it applies, and at which stage of an upgrade, and otherwise why not. */
  applies?: (topology: MeshShape, upgrade?: UpgradeStage) => true | string
  /** What it cannot do without, and a mesh that somebody else made may withhold: it is skipped there. */
  needs?: Need[]
}

/** What the sentence of a check is given. */
export type CheckContext = {
  mesh: Mesh
  /** The cluster asked from; with `from: 'mesh'` the control plane's. */
  from: Cluster
  signal: AbortSignal
}

/** A check: what it says of itself, and the sentence that proves it. It returns what was seen, in few words. */
export type Check = CheckHead & { prove: (context: CheckContext) => Promise<string> }

/** A check, from its head and the sentence that proves it. */
export const check = (head: CheckHead, prove: Check['prove']): Check => ({ ...head, prove })

/** The checks that only look and ask: those that can be made while an upgrade’s traffic is measured. */
export const harmlessChecks = (checks: readonly Check[]): Check[] =>
  checks.filter(({ alone }) => alone !== 'in the mesh')

/**
 * Why a check does not apply to a topology, at a stage of an upgrade where there is one, or undefined where it does.
 */
export const notApplicable = (head: CheckHead, topology: MeshShape, upgrade?: UpgradeStage): string | undefined => {
  if (head.upgrade && !upgrade) return 'it compares the mesh with a stage of an upgrade'
  const answer = head.applies?.(topology, upgrade) ?? true
  return answer === true ? undefined : answer
}

/** Why a check cannot be made in a mesh that withholds things, or undefined where it can. */
export const withheldFrom = ({ needs = [], disrupts }: CheckHead, withheld: Withheld): string | undefined =>
  [...needs, ...(disrupts ? ['disruption' as const] : [])]
    .map((need) => withheld[need])
    .find((reason) => reason !== undefined)

type Applies = NonNullable<CheckHead['applies']>

/** Applies where the clusters are on more than one network. */
export const onSeveralNetworks: Applies = (topology) => severalNetworks(topology) || 'all clusters are on one network'

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
 * Applies where requests reach every cluster: plaintext crosses clusters on one network, and never networks (Istio’s
 * mutual TLS matrix).
 */
export const whereRequestsCross: Applies = (topology) =>
  topology.mtls === 'strict' || !severalNetworks(topology) || 'mutual TLS is off, and plaintext does not cross networks'

/** Applies to the named procedure alone. */
export const only =
  (procedure: string): Applies =>
  (topology) =>
    topology.procedure === procedure || `it belongs to the ${procedure} topology`

/** Applies where all of these do; the first that does not says why. */
export const where =
  (...conditions: Applies[]): Applies =>
  (topology, upgrade) =>
    conditions.map((applies) => applies(topology, upgrade)).find((answer) => answer !== true) ?? true
