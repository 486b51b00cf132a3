import { gatewayName } from '#istio/gateway.ts'
import { keptDeployments } from '#istio/workloads.ts'
import { runningReleases } from '#probes/releases.ts'
import type { RunningRelease } from '#results/results.ts'
import type { Recorder } from './evidence.ts'
import type { TargetCluster, Target } from './target.ts'

/**
 * The releases that a cluster’s control planes, gateways and workloads report. `kept` are the probes’ clients,
 * which no upgrade restarts.
 */
export type Releases = Record<'controlPlanes' | 'gateways' | 'workloads' | 'kept', RunningRelease[]>

/** The part of the mesh that a proxy or control plane belongs to, by the name of its pod. */
export const partOf = ({ workload, envoy }: Pick<RunningRelease, 'workload' | 'envoy'>): keyof Releases => {
  const [namespace, pod = ''] = workload.split('/')
  if (envoy === '') return 'controlPlanes'
  if (pod.startsWith(`${gatewayName}-`)) return 'gateways'
  // A pod’s name is the deployment’s name, then a hash of its replica set, then a suffix of its own.
  const deployment = pod.split('-').slice(0, -2).join('-')
  return keptDeployments.some(([keptNamespace, name]) => keptNamespace === namespace && name === deployment)
    ? 'kept'
    : 'workloads'
}

/** Asks every judged proxy and control plane of a cluster for its release. */
export const releasesIn = async (target: Target, cluster: TargetCluster, record: Recorder): Promise<Releases> => {
  const running = (await runningReleases(cluster)).filter(({ workload }) => target.judges(workload.split('/')[0] ?? ''))
  const inPart = (part: keyof Releases): RunningRelease[] => running.filter((release) => partOf(release) === part)
  record.add({ probe: 'releases', cluster: cluster.name, running })
  return {
    controlPlanes: inPart('controlPlanes'),
    gateways: inPart('gateways'),
    workloads: inPart('workloads'),
    kept: inPart('kept'),
  }
}
