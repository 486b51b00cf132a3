import type { CheckHead } from '#checks/check.ts'
import type { CauseCode } from '#results/causes.ts'
import type { FindingCode } from '#diagnosis/findings.ts'
import { isMadeByIstiod } from '#istio/gateway-api.ts'
import type { Manifest } from '#kube/client.ts'
import { putInPlace } from '#kube/put-in-place.ts'
import { inNode } from '#lab/kind.ts'
import type { Lab, LabCluster } from '#lab/lab.ts'

/** Undoes a fault. */
export type Mend = () => Promise<void>

/**
 * A way to break a running mesh: what it breaks, which checks must notice and which cause each must name, and what a
 * diagnosis must call it.
 */
export type Fault = {
  name: string
  /** The mistake that causes it: what a person did or forgot, in words. */
  breaks: string
  /**
   * The checks that must turn red, each with the code of the cause that it must name. All are of one layer. Empty where
   * only a diagnosis notices the fault.
   */
  turnsRed: Record<string, CauseCode>
  /**
   * The code that `diagnose` must name, as its cause or as a warning. `diagnosedWhere` limits the topologies in which
   * it must; without it, everywhere the fault can happen.
   */
  diagnosed?: FindingCode
  diagnosedWhere?: NonNullable<CheckHead['applies']>
  /** The topologies in which it can happen, where its checks alone do not say so. */
  applies?: NonNullable<CheckHead['applies']>
  /** Breaks the mesh, and returns the function that undoes the fault. */
  apply: (lab: Lab) => Promise<Mend>
}

/**
 * The cluster that a fault strikes where any cluster would do: the last, which is a remote wherever a topology has one.
 */
export const far = ({ clusters, primary }: Lab): LabCluster => clusters.at(-1) ?? primary

type Applies = NonNullable<CheckHead['applies']>

/** Applies where gateways are installed, and Istio’s own Gateways configure them. */
export const whereGatewaysAreOfIstio: Applies = ({ gateways }) =>
  gateways === undefined || 'its gateways are resources of the Gateway API'

/** Applies where gateways are resources of the Gateway API. */
export const whereGatewaysAreResources: Applies = ({ gateways }) =>
  gateways === 'gateway-api' || 'its gateways are no resources of the Gateway API'

/** Applies where the gateway of the cluster that faults strike is installed. */
export const whereGatewayIsInstalled: Applies = (topology) =>
  !isMadeByIstiod(topology, topology.clusters.at(-1)?.name ?? '') ||
  'istiod makes that gateway, and restores what others change in it'

/** Two clusters on one network; the topology must have such a pair. */
export const neighbours = ({ clusters }: Lab): [LabCluster, LabCluster] => {
  for (const cluster of clusters) {
    const neighbour = clusters.find((candidate) => candidate !== cluster && candidate.network === cluster.network)
    if (neighbour) return [cluster, neighbour]
  }
  throw new Error('every cluster is on a network of its own')
}

/** Applies objects in every primary cluster, since control planes read their configuration there. */
export const inEveryControlPlane = async ({ primaries }: Lab, objects: Manifest[]): Promise<Mend> =>
  inOrder(await Promise.all(primaries.map(({ kube }) => putInPlace(kube, objects))))

/** Runs the shell line `broken` in a cluster’s node. The returned function runs `mended`, which undoes it. */
export const inNodeOf = async ({ runId }: Lab, { name }: LabCluster, broken: string, mended: string): Promise<Mend> => {
  await inNode(runId, name, broken)
  return async () => {
    await inNode(runId, name, mended)
  }
}

/** Inserts an iptables rule at the head of its chain in a cluster’s node. `rule` begins with the chain. */
export const filtered = (lab: Lab, cluster: LabCluster, table: string, rule: string): Promise<Mend> =>
  inNodeOf(lab, cluster, `iptables -t ${table} -I ${rule}`, `iptables -t ${table} -D ${rule}`)

/** Joins several undo functions into one that calls them in order. */
export const inOrder =
  (mends: Mend[]): Mend =>
  async () => {
    for (const mend of mends) await mend()
  }
