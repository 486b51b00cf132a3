import { setTimeout as sleep } from 'node:timers/promises'
import { docker } from '#engine/docker.ts'
import { MeshproofError } from '#errors.ts'
import { settled } from '#kube/roll-out.ts'
import { until } from '#kube/until.ts'
import { inNode, nodeAddress, nodeName } from '#lab/kind.ts'
import type { Lab, LabCluster } from '#lab/lab.ts'
import { openPodNetwork } from '#lab/pod-network.ts'
import { addRoutes } from '#lab/routes.ts'
import { istiodPods } from '#istio/istiod-pods.ts'
import { procedures } from '#istio/procedures/index.ts'
import { istiodOf } from '#istio/revision.ts'

// What a disruption restores must also be restored after the run’s signal has fired.
const neverAborted = (): AbortSignal => new AbortController().signal

const istiodBack = async (lab: Lab): Promise<void> => {
  await Promise.all(
    lab.primaries.map((primary) =>
      settled(primary, { namespace: primary.istioNamespace, name: istiodOf(lab.topology) }, neverAborted()),
    ),
  )
  await procedures[lab.topology.procedure].follow?.(lab, neverAborted())
}

/**
 * Scales every control plane to zero for `lasting` milliseconds, and at least while `during` runs. It ends when all
 * are ready again, and remote clusters have their address.
 */
export const withoutIstiod = async (
  lab: Lab,
  lasting: number,
  during: () => Promise<unknown>,
  signal: AbortSignal,
): Promise<void> => {
  const scale = (replicas: number): Promise<unknown> =>
    Promise.all(
      lab.primaries.map(({ kube, istioNamespace }) =>
        kube.merge({
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { namespace: istioNamespace, name: istiodOf(lab.topology) },
          spec: { replicas },
        }),
      ),
    )
  try {
    await scale(0)
    await until(
      'every istiod is gone',
      async () => (await Promise.all(lab.primaries.map((primary) => istiodPods(primary)))).flat().length === 0,
      { every: 200, within: 60_000 },
    )
    await Promise.all([during(), sleep(lasting, undefined, { signal })])
  } finally {
    await scale(1)
    await istiodBack(lab)
  }
}

const apiServerAnswers = ({ kube }: LabCluster): Promise<boolean> =>
  kube.get({ apiVersion: 'v1', kind: 'Namespace', name: 'default' }).then(
    () => true,
    () => false,
  )

/**
 * Stops a cluster’s API server for `lasting` milliseconds. It ends when the server answers again. The cluster’s
 * pods continue to run.
 */
export const withoutApiServer = async (
  { runId }: Lab,
  cluster: LabCluster,
  lasting: number,
  signal: AbortSignal,
): Promise<void> => {
  const [manifest, aside] = ['/etc/kubernetes/manifests/kube-apiserver.yaml', '/etc/kubernetes/kube-apiserver.yaml']
  try {
    await inNode(runId, cluster.name, `mv ${manifest} ${aside}`)
    await until(`${cluster.name}’s API server is gone`, async () => !(await apiServerAnswers(cluster)), {
      every: 200,
      within: 60_000,
    })
    await sleep(lasting, undefined, { signal })
  } finally {
    await inNode(runId, cluster.name, `mv ${aside} ${manifest}`)
    await until(`${cluster.name}’s API server answers again`, () => apiServerAnswers(cluster), {
      every: 250,
      within: 120_000,
    })
  }
}

/**
 * Kills a cluster’s only node and starts it again. The harness sets up the lab’s pod network and routes again, as
 * it did when it made the cluster. Pods wait for kube-proxy’s rules, because without them they would lose half a
 * minute.
 * @throws MeshproofError MP-541 when the node comes back with another address, MP-430 when kube-proxy does not come
 * up within 90 s.
 */
export const restartNode = async (lab: Lab, cluster: LabCluster): Promise<void> => {
  const { runId, topology } = lab
  const before = await cluster.address()
  await inNode(runId, cluster.name, 'rm -f /etc/cni/net.d/*')
  await docker(['kill', nodeName(runId, cluster.name)])
  await docker(['start', nodeName(runId, cluster.name)])
  const after = await nodeAddress(runId, cluster.name)
  if (after !== before) {
    throw new MeshproofError('MP-541', {
      what: 'A node came back with another address',
      where: cluster.name,
      why: `${before}, now ${after}`,
      next: 'This says nothing about the mesh; make a new lab.',
    })
  }
  await openPodNetwork(runId, cluster, topology.clusters, neverAborted())
  await addRoutes(lab, neverAborted())
}

/**
 * Replaces every control plane pod of a cluster by a new one without restarts, because a lab is judged by the
 * restarts. Remote clusters get the new address.
 */
export const freshIstiod = async (lab: Lab, cluster: LabCluster): Promise<void> => {
  for (const { metadata } of await istiodPods(cluster))
    await cluster.kube.remove({
      apiVersion: 'v1',
      kind: 'Pod',
      name: metadata?.name ?? '',
      namespace: cluster.istioNamespace,
    })
  await istiodBack(lab)
}
