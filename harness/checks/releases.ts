import { gatewayName } from '#istio/gateway.ts'
import { keptDeployments } from '#istio/workloads.ts'
import { runningReleases } from '#probes/releases.ts'
import type { RunningRelease } from '#results/results.ts'
import type { Recorder } from './evidence.ts'
import type { TargetCluster, Target } from './target.ts'

/**
 * What a cluster’s control planes, gateways and workloads say that they run. `kept` are the probes’ clients that no
 * upgrade restarts.
 */
export type Releases = Record<'controlPlanes' | 'gateways' | 'workloads' | 'kept', RunningRelease[]>

/** What part of the mesh a proxy or control plane is, by what its pod is called. */
export const partOf = ({ workload, envoy }: Pick<RunningRelease, 'workload' | 'envoy'>): keyof Releases => {
  const [namespace, pod = ''] = workload.split('/')
  if (envoy === '') return 'controlPlanes'
  if (pod.startsWith(`${gatewayName}-`)) return 'gateways'
  // Behind a deployment’s name are its set’s and the pod’s own.
  const deployment = pod.split('-').slice(0, -2).join('-')
  return keptDeployments.some(([of, name]) => of === namespace && name === deployment) ? 'kept' : 'workloads'
}

/** Asks every proxy and control plane of a cluster that is judged. */
export const releasesIn = async (target: Target, cluster: TargetCluster, record: Recorder): Promise<Releases> => {
  const running = (await runningReleases(cluster)).filter(({ workload }) => target.judges(workload.split('/')[0] ?? ''))
  const of = (part: keyof Releases): RunningRelease[] => running.filter((one) => partOf(one) === part)
  record.add({ probe: 'releases', cluster: cluster.name, running })
  return { controlPlanes: of('controlPlanes'), gateways: of('gateways'), workloads: of('workloads'), kept: of('kept') }
}
