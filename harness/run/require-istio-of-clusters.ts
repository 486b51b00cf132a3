import { MeshproofError, unknownValue } from '#errors.ts'
import { istioOfClusters, istioVersions } from '#images/istio-of-clusters.ts'
import { releaseOf } from '#images/version.ts'
import type { TopologyPlan } from './plan.ts'

/**
 * Requires that the topologies can have the version of Istio that each cluster is asked to have. Nothing is required
 * where every cluster has the same.
 * @throws MeshproofError MP-101 for a cluster that a topology does not have, MP-167 for a topology without a control
 * plane in every cluster or a cluster without a version, MP-168 for releases that must not run side by side.
 */
export const requireIstioOfClusters = (plans: readonly TopologyPlan[], istio: string | undefined): void => {
  const ofClusters = istioOfClusters(istio)
  if (ofClusters === undefined) return
  for (const { topology } of plans) {
    const names = topology.clusters.map(({ name }) => name)
    const unknown = Object.keys(ofClusters).find((name) => !names.includes(name))
    if (unknown !== undefined) throw unknownValue(`cluster of ${topology.name}`, unknown, names)
    const without = names.filter((name) => !ofClusters[name])
    const remote = topology.clusters.find(({ role }) => role === 'remote')
    if (without.length === 0 && remote === undefined) continue
    throw new MeshproofError('MP-167', {
      what: 'A version of Istio for each cluster does not fit this topology',
      where: `${topology.name}, --istio=${istio}`,
      why: remote ? `${remote.name} has no control plane of its own` : `${without.join(', ')} has no version`,
      next: remote
        ? 'Name a topology in which every cluster is a primary: multi-primary, multi-primary-multi-network.'
        : `Name a version for each of ${names.join(', ')}.`,
    })
  }
  requireSkew(istioVersions(istio))
}

/** The most minor versions by which the control planes of one mesh may differ (istio.io, “Supported releases”). */
const furthest = 1

const requireSkew = (versions: readonly string[]): void => {
  const minors = versions.map((version) => releaseOf(version)?.minor ?? NaN)
  const skew = Math.max(...minors) - Math.min(...minors)
  if (versions.length <= 2 && skew <= furthest) return
  throw new MeshproofError('MP-168', {
    what: 'These releases of Istio must not run side by side in one mesh',
    where: versions.join(', '),
    why:
      versions.length > 2
        ? 'an upgrade goes from one release to one other'
        : `they are ${Number.isNaN(skew) ? 'not comparable' : `${skew} minor versions apart`}; one is supported`,
    next: 'Name two releases of which one follows the other, such as 1.31 and 1.30.',
  })
}
