import type { CheckHead } from '#checks/check.ts'
import type { CauseCode } from '#results/causes.ts'
import type { FindingCode } from '#diagnosis/findings.ts'
import type { Manifest } from '#kube/client.ts'
import { putInPlace } from '#kube/put-in-place.ts'
import { inNode } from '#lab/kind.ts'
import type { Lab, LabCluster } from '#lab/lab.ts'

/** Takes a fault back. */
export type Mend = () => Promise<void>

/**
 * A way to break a running mesh: what it breaks, which checks must notice and which cause each must name, and what a
 * diagnosis must call it.
 */
export type Fault = {
  name: string
  /** What somebody did, or forgot. */
  breaks: string
  /**
   * The checks that must turn red, all of one layer, by the code of the cause each must name; none where only a
   * diagnosis notices.
   */
  turnsRed: Record<string, CauseCode>
  /**
   * What `diagnose` must name, as its first broken layer or as a warning; and where, if not wherever the fault can
   * happen.
   */
  diagnosed?: FindingCode
  diagnosedWhere?: NonNullable<CheckHead['applies']>
  /** Where it can happen, beyond where its checks apply. */
  applies?: NonNullable<CheckHead['applies']>
  /** Breaks it, and returns what mends it again. */
  apply: (lab: Lab) => Promise<Mend>
}

/**
 * The cluster that a fault strikes where it matters little which: the last, which is a remote wherever there are any.
 */
export const far = ({ clusters, primary }: Lab): LabCluster => clusters.at(-1) ?? primary

/** Two clusters on one network; the topology must have such a pair. */
export const neighbours = ({ clusters }: Lab): [LabCluster, LabCluster] => {
  for (const one of clusters) {
    const other = clusters.find((candidate) => candidate !== one && candidate.network === one.network)
    if (other) return [one, other]
  }
  throw new Error('every cluster is on a network of its own')
}

/** Applies objects wherever a control plane reads its configuration. */
export const inEveryControlPlane = async ({ primaries }: Lab, objects: Manifest[]): Promise<Mend> =>
  inOrder(await Promise.all(primaries.map(({ kube }) => putInPlace(kube, objects))))

/** Runs a shell line in a cluster’s node now, and another one to mend what it broke. */
export const inNodeOf = async ({ runId }: Lab, { name }: LabCluster, broken: string, mended: string): Promise<Mend> => {
  await inNode(runId, name, broken)
  return async () => {
    await inNode(runId, name, mended)
  }
}

/** An iptables rule of a cluster’s node, put first. `table` and the rule as iptables takes them. */
export const filtered = (lab: Lab, cluster: LabCluster, table: string, rule: string): Promise<Mend> =>
  inNodeOf(lab, cluster, `iptables -t ${table} -I ${rule}`, `iptables -t ${table} -D ${rule}`)

/** Several mends as one. */
export const inOrder =
  (mends: Mend[]): Mend =>
  async () => {
    for (const mend of mends) await mend()
  }
