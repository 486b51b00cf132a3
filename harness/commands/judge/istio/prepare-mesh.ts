import type { V1ConfigMap, V1Container, V1Pod } from '@kubernetes/client-node'
import { parse, stringify } from 'yaml'
import { z } from 'zod'
import { fixture } from '#istio/fixture.ts'
import { istiodPods } from '#istio/istiod-pods.ts'
import { injectorOf, meshConfigOf, revisionOf } from '#istio/revision.ts'
import { serviceAddress } from '#istio/service-address.ts'
import { meshNamespace } from '#istio/workloads.ts'
import type { Ref } from '#kube/client.ts'
import { putInPlace, takeAway } from '#kube/put-in-place.ts'
import { settled } from '#kube/roll-out.ts'
import { until } from '#kube/until.ts'
import type { LabCluster } from '#lab/lab.ts'
import type { OpenLab } from '#run/open-lab.ts'

/**
 * What a proxy asks for while Istio’s tests run. They start about ten workloads in each cluster at a time, and a node
 * has two cores.
 */
const smallRequests = { cpu: '5m', memory: '40Mi' }

const ingressName = 'istio-ingressgateway'

/** The setting by which proxies answer DNS for all services of the mesh, those of other clusters included. */
const dnsCapture = 'ISTIO_META_DNS_CAPTURE'

/** What of the mesh configuration is changed. */
const MeshConfig = z.looseObject({
  defaultConfig: z.looseObject({ proxyMetadata: z.record(z.string(), z.string()).default({}) }),
})

/**
 * Changes a lab into what Istio’s tests expect of a mesh that they did not install: no policy of the root namespace,
 * DNS by the proxies and no retries (`tests/integration/base.yaml` of Istio’s module has both), proxies that ask for
 * little, and an ingress gateway where `ingress` asks for one. `undo` takes the changes back.
 * @throws MeshproofError MP-401 where a change has no effect in time; the signal’s reason when it fires.
 */
export const prepareMesh = async (
  lab: OpenLab,
  ingress: boolean,
  undo: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<void> => {
  await Promise.all(
    lab.primaries.map(async (cluster) => {
      undo.defer(await takeAway(cluster.kube, rootPolicy(cluster)))
      await changeProxies(lab, cluster, undo, signal)
    }),
  )
  if (!ingress) return
  await Promise.all(lab.clusters.map((cluster) => addIngress(lab, cluster, undo, signal)))
}

const rootPolicy = ({ istioNamespace: namespace }: LabCluster): Ref => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'PeerAuthentication',
  name: 'default',
  namespace,
})

const Values = z.looseObject({ global: z.looseObject({ proxy: z.looseObject({}) }) })

/** Changes the settings of new proxies, and waits until new pods get them. */
const changeProxies = async (
  { topology }: OpenLab,
  cluster: LabCluster,
  undo: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<void> => {
  await rewrite(cluster, injectorOf(topology), 'values', undo, (text) => {
    const values = Values.parse(JSON.parse(text))
    values.global.proxy['resources'] = { requests: smallRequests }
    return JSON.stringify(values)
  })
  await rewrite(cluster, meshConfigOf(topology), 'mesh', undo, (text) => {
    const mesh = MeshConfig.parse(parse(text))
    const proxyMetadata = { ...mesh.defaultConfig.proxyMetadata, [dnsCapture]: 'true' }
    return stringify({ ...mesh, defaultHttpRetryPolicy: {}, defaultConfig: { ...mesh.defaultConfig, proxyMetadata } })
  })
  await until(
    `the injector of ${cluster.name} takes its new values`,
    async () => {
      // kubelet renews the files of a pod at once when the pod changes, and otherwise within a minute.
      await touchIstiod(cluster)
      const proxy = await newProxy(cluster, topology)
      return proxy?.resources?.requests?.['cpu'] === smallRequests.cpu && JSON.stringify(proxy.env).includes(dnsCapture)
    },
    { every: 1000, within: 120_000, signal },
  )
}

/** Changes a key of a ConfigMap of Istio. `undo` writes back what it was. */
const rewrite = async (
  { kube, istioNamespace: namespace }: LabCluster,
  name: string,
  key: string,
  undo: AsyncDisposableStack,
  change: (text: string) => string,
): Promise<void> => {
  const found = await kube.get<V1ConfigMap>({ apiVersion: 'v1', kind: 'ConfigMap', name, namespace })
  const before = found?.data?.[key] ?? ''
  const write = (text: string): Promise<void> =>
    kube.merge({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data: { [key]: text } })
  undo.defer(() => write(before))
  await write(change(before))
}

const touchIstiod = async (cluster: LabCluster): Promise<void> => {
  const annotations = { 'dev.meshproof/renewed': new Date().toISOString() }
  for (const { metadata: { name = '', namespace = '' } = {} } of await istiodPods(cluster))
    await cluster.kube.merge({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, annotations } })
}

/** The proxy of a new pod, which asks for it itself: a broken lab’s namespace may have lost its label. */
const newProxy = async ({ kube }: LabCluster, { revision }: OpenLab['topology']): Promise<V1Container | undefined> => {
  const labels = { 'sidecar.istio.io/inject': 'true', ...(revision === undefined ? {} : { 'istio.io/rev': revision }) }
  const { spec } = await kube.dryRun<V1Pod>({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'proxy-of-a-new-pod', namespace: meshNamespace, labels },
    spec: { containers: [{ name: 'sleep', image: 'sleep' }] },
  })
  return [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].find(({ name }) => name === 'istio-proxy')
}

const addIngress = async (
  { topology }: OpenLab,
  cluster: LabCluster,
  undo: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<void> => {
  const { istioNamespace } = cluster
  const revision = revisionOf(topology)
  const manifests = await fixture('judges/ingress-gateway.yaml', { istioNamespace, revision })
  undo.defer(await putInPlace(cluster.kube, manifests))
  await settled(cluster, { namespace: istioNamespace, name: ingressName }, signal)
  const service = { apiVersion: 'v1', kind: 'Service', namespace: istioNamespace, name: ingressName }
  await serviceAddress(cluster, 'ingress gateway', service, signal)
}
