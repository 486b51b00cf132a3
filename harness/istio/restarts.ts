import type { LabCluster } from '#lab/lab.ts'
import { deploymentsOf, labNamespaces } from './workloads.ts'

const { mesh, outside } = labNamespaces

/** The deployments of a cluster that an upgrade restarts, by namespace and name: they get the new proxy. */
export const restartedDeployments = ({ version }: Pick<LabCluster, 'version'>): (readonly [string, string])[] =>
  [...deploymentsOf(version, labNamespaces).filter(([namespace]) => namespace === mesh), [mesh, 'probe-target'], [mesh, 'prober-restarted']]

/** Those of the probes that stay through an upgrade, on the old proxy or on none. */
export const keptDeployments: (readonly [string, string])[] =
  [[mesh, 'prober'], [mesh, 'prober-stranger'], [outside, 'prober'], [outside, 'probe-target']]
