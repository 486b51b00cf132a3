import type { V1Pod } from '@kubernetes/client-node'
import pMap from 'p-map'
import type { KubeClient } from '#kube/client.ts'
import { isReady } from '#kube/pods.ts'
import { proxyOf } from '#istio/proxy-container.ts'
import type { RunningRelease } from '#results/results.ts'
import { releaseOf } from './envoy.ts'
import { istiodRelease } from './istiod.ts'

/**
 * The release that every ready istiod, gateway and sidecar of a cluster reports about itself; the name of its image
 * does not count. Sorted by `namespace/pod`. `envoy` is empty for an istiod. A pod that ends while it is asked is left
 * out.
 * @throws MeshproofError MP-403 for one that stays and cannot be asked.
 */
export const runningReleases = async ({
  name,
  kube,
}: {
  name: string
  kube: KubeClient
}): Promise<RunningRelease[]> => {
  const pods = (await kube.list<V1Pod>({ apiVersion: 'v1', kind: 'Pod' })).filter(isReady)
  const releases = await pMap(
    pods,
    async (source): Promise<RunningRelease[]> => {
      const { name: pod = '', namespace = '', labels } = source.metadata ?? {}
      const running = { cluster: name, workload: `${namespace}/${pod}` }
      const summary = async (): Promise<RunningRelease[]> => {
        if (labels?.['app'] === 'istiod')
          return [{ ...running, istio: await istiodRelease(kube, namespace, pod), envoy: '' }]
        return proxyOf(source) ? [{ ...running, ...(await releaseOf({ kube, namespace, pod })) }] : []
      }
      return summary().catch(async (error: unknown) => {
        const now = await kube.get<V1Pod>({ apiVersion: 'v1', kind: 'Pod', name: pod, namespace })
        if (now && isReady(now)) throw error
        return []
      })
    },
    { concurrency: 4 },
  )
  return releases.flat().toSorted((first, second) => first.workload.localeCompare(second.workload))
}
