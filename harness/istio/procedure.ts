import type { Lab } from '#lab/lab.ts'
import type { Installation } from './installation.ts'
import type { Manifest } from '#kube/client.ts'
import type { ProcedureName, Topology } from '#topology/topology-file.ts'

/** One step of an installation: its name appears in the output, its time in the results. */
export type Step = {
  name: string
  /** What must be done before, by step name; default: the step above. */
  after?: string[]
  /** What the step installs, if it installs a part of Istio. `run` gives it to the installer of the lab. */
  installs?: { part: Installation['part']; of: (lab: Lab, signal: AbortSignal) => Promise<Installation> }
  run: (lab: Lab, signal: AbortSignal) => Promise<unknown>
}

/** A documented procedure, step by step. What is data stands in fixtures/topologies/<name>.yaml. */
export type Procedure = {
  name: ProcedureName
  steps: (topology: Topology) => Step[]
  /** The clusters that give services addresses of their own; default: none. */
  loadBalancers?: (topology: Topology) => string[]
  /** What stands beside the primary’s control plane so that other clusters reach it; default: nothing. */
  exposure?: (topology: Topology) => Promise<Manifest[]>
  /** Where proxies and webhooks of the remote clusters find istiod. Absent where there are no remote clusters. */
  discoveryAddress?: (lab: Lab, signal?: AbortSignal) => Promise<string>
  /** Follows what has moved since the installation, and says what it did; undefined where nothing had moved. */
  follow?: (lab: Lab, signal: AbortSignal) => Promise<string | undefined>
}

/** A named step; `after` only where it may start before the step above is done. */
export const step = (name: string, run: Step['run'], after?: string[]): Step => ({
  name,
  run,
  ...(after ? { after } : {}),
})

/** The names of a topology's clusters by their role. */
export const clustersByRole = ({
  clusters,
}: Topology): { all: string[]; primaries: string[]; remotes: string[]; primary: string } => {
  const named = (role: 'primary' | 'remote'): string[] =>
    clusters.filter((cluster) => cluster.role === role).map(({ name }) => name)
  const primaries = named('primary')
  return { all: clusters.map(({ name }) => name), primaries, remotes: named('remote'), primary: primaries[0] ?? '' }
}
