import type { MeshShape } from '../plan/topology-file.ts'
import type { Layer } from '../report/results.ts'
import type { Mesh } from './mesh.ts'
import type { Need, Withheld } from './mesh-under-test.ts'
import type { Site } from './site.ts'

/** What a check says of itself; the list, the documents and the reports are made from it. */
export type CheckHead = {
  /** Stable: `layer.what`. */
  id: string
  layer: Layer
  /** What holds when it passes, as a sentence without a subject of its own. */
  title: string
  /** Where the rule comes from, in our words: a seed, a document or an issue. */
  source: string
  /** `each`: once from every cluster. `mesh`: once, about all clusters together. */
  from: 'each' | 'mesh'
  /** Which clusters answer, seen from the one that asks; default: all of them. A cluster that has none of them does not ask. */
  to?: 'own' | 'same network' | 'other networks'
  /** It must have the mesh to itself, since it changes it for a moment or counts what passes; the others of a layer are asked at once. */
  alone?: true
  /** Where it applies, and otherwise why not. */
  applies?: (topology: MeshShape) => true | string
  /** What it cannot do without, and a mesh that somebody else made may withhold: it is skipped there. */
  needs?: Need[]
}

/** What the sentence of a check is given. */
export type CheckContext = {
  mesh: Mesh
  /** The cluster asked from; with `from: 'mesh'` the control plane's. */
  from: Site
  signal: AbortSignal
}

/** A check: what it says of itself, and the sentence that proves it. It returns what was seen, in few words. */
export type Check = CheckHead & { prove: (context: CheckContext) => Promise<string> }

const registered: Check[] = []

/** Declares a check. Its place in the catalogue is its place in the suites. */
export const check = (head: CheckHead, prove: Check['prove']): void => {
  if (registered.some(({ id }) => id === head.id)) throw new Error(`two checks are called ${head.id}`)
  registered.push({ ...head, prove })
}

/** Every check of the suites, bottom layer first. */
export const catalogue = async (): Promise<readonly Check[]> => {
  await import('../../suites/index.ts')
  return registered
}

/** Why a check does not apply to a topology, or undefined where it does. */
export const notApplicable = (head: CheckHead, topology: MeshShape): string | undefined => {
  const answer = head.applies?.(topology) ?? true
  return answer === true ? undefined : answer
}

/** Why a check cannot be made in a mesh that withholds things, or undefined where it can. */
export const withheldFrom = ({ needs = [] }: CheckHead, withheld: Withheld): string | undefined => needs.map((need) => withheld[need]).find((reason) => reason !== undefined)

type Applies = NonNullable<CheckHead['applies']>

/** Applies where the clusters are on more than one network. */
export const onSeveralNetworks: Applies = ({ clusters }) => networksOf(clusters).size > 1 || 'all clusters are on one network'

/** Applies where two clusters share a network. */
export const onSharedNetwork: Applies = ({ clusters }) => networksOf(clusters).size < clusters.length || 'every cluster is on a network of its own'

/** Applies where one control plane serves every cluster. */
export const withOneControlPlane: Applies = ({ clusters }) =>
  clusters.filter(({ role }) => role === 'primary').length === 1 || 'every cluster has a control plane of its own'

/** Applies where mutual TLS is required. */
export const withMutualTls: Applies = ({ mtls }) => mtls === 'strict' || 'mutual TLS is off'

/** Applies where authentication is off. */
export const withoutMutualTls: Applies = ({ mtls }) => mtls === 'off' || 'mutual TLS is required'

/** Applies where requests reach every cluster: plaintext crosses clusters on one network, and never networks (Istio’s mutual TLS matrix). */
export const whereRequestsCross: Applies = (topology) =>
  topology.mtls === 'strict' || networksOf(topology.clusters).size === 1 || 'mutual TLS is off, and plaintext does not cross networks'

/** Applies to the named procedure alone. */
export const only = (procedure: string): Applies => (topology) => topology.procedure === procedure || `it belongs to the ${procedure} topology`

/** Applies where all of these do; the first that does not says why. */
export const where = (...conditions: Applies[]): Applies => (topology) =>
  conditions.map((applies) => applies(topology)).find((answer) => answer !== true) ?? true

const networksOf = (clusters: MeshShape['clusters']): Set<string> => new Set(clusters.map(({ network }) => network))
