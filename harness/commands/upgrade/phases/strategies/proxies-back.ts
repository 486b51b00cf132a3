import type { V1Pod } from '@kubernetes/client-node'
import { MeshproofError } from '#errors.ts'
import { isReady } from '#kube/pods.ts'
import { until } from '#kube/until.ts'
import type { Lab } from '#lab/lab.ts'
import { istiodPods } from '#istio/istiod-pods.ts'
import { step, type Step } from '#istio/procedure.ts'
import { proxyOf, revisionOfPod } from '#istio/proxy-container.ts'
import { revisionOf } from '#istio/revision.ts'
import { proxyStates, type ProxyState } from '#probes/istiod.ts'

/**
 * Waits until every proxy that a cluster’s control plane serves is connected again and has its configuration. A proxy
 * whose control plane was replaced retries at growing intervals of up to 30 seconds. Until it is connected, it does not
 * learn that workloads were restarted, and sends requests to pods that are gone. By hand: `istioctl proxy-status`.
 * After a minute the step ends without an error: the checks then name the proxies that are not connected.
 */
export const proxiesBack = (lab: Lab, cluster: string): Step =>
  step(`${cluster}: proxies in sync`, (_, signal) => {
    const primary = lab.cluster(cluster)
    const revision = revisionOf(lab.topology)
    const served = lab.clusters.filter(
      ({ name, role }) => name === cluster || (cluster === lab.primary.name && role === 'remote'),
    )
    return until(
      `${cluster}: every proxy is in sync with the control plane`,
      async () => {
        const pods = (
          await Promise.all(served.map(({ kube }) => kube.list<V1Pod>({ apiVersion: 'v1', kind: 'Pod' })))
        ).flat()
        const istiods = (await istiodPods(primary, revision)).filter(
          (pod) => isReady(pod) && !pod.metadata?.deletionTimestamp,
        )
        const states = (await Promise.all(istiods.map(({ metadata }) => proxyStates(primary, metadata?.name)))).flat()
        return allBack(pods, revision, states)
      },
      { every: 1000, within: 60_000, signal },
    ).catch((error: unknown) => {
      if (!(error instanceof MeshproofError) || error.code !== 'MP-401') throw error
    })
  })

/**
 * Whether every proxy that a revision injected is connected and has acknowledged its configuration. Pods that are being
 * deleted do not count.
 */
export const allBack = (pods: V1Pod[], revision: string | undefined, states: ProxyState[]): boolean => {
  const inSync = new Set(states.filter(({ stale }) => stale.length === 0).map(({ proxy }) => proxy))
  return pods
    .filter((pod) => proxyOf(pod) && !pod.metadata?.deletionTimestamp && revisionOfPod(pod) === revision)
    .every(({ metadata }) => inSync.has(`${metadata?.name}.${metadata?.namespace}`))
}
