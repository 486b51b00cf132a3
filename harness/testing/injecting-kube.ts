import { parse } from 'yaml'
import type { Manifest } from '#kube/client.ts'
import type { OpenLab } from '#run/open-lab.ts'
import { type FakeKube, fakeKube } from './fake-kube.ts'
import { variant } from './idle-lab.ts'

const inRoot = (name: string) => ({ name, namespace: 'istio-system' })

/** The mesh configuration of `injectingKube`. */
export const mesh = 'accessLogFile: /dev/stdout\ndefaultConfig:\n  proxyMetadata:\n    PROXY_CONFIG_XDS_AGENT: "true"\n'
/** The values of its injector. */
export const values = JSON.stringify({
  global: { hub: 'docker.io/istio', proxy: { resources: { requests: { cpu: '100m' } } } },
})

const installed: Manifest[] = [
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: inRoot('istio'), data: { mesh } },
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: inRoot('istio-sidecar-injector'), data: { values } },
  {
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: inRoot('default'),
    spec: { mtls: { mode: 'STRICT' } },
  },
]

/** A key of a ConfigMap. */
export const keyIn = (kube: FakeKube, map: string, key: string): string => {
  const found = kube.objects.find(({ metadata }) => metadata?.name === map)
  return (found?.['data'] as Record<string, string> | undefined)?.[key] ?? ''
}

/**
 * An API with Istio whose injector uses its configuration, once its istiod was touched; with `stuck` it never does. It
 * injects into pods that ask for it themselves.
 */
export const injectingKube = (stuck = false): FakeKube => {
  const kube = fakeKube(...installed)
  kube.merge = async (change) => {
    const ref = { apiVersion: 'v1', kind: change.kind ?? '', ...inRoot(change.metadata?.name ?? '') }
    const { metadata: _, status: __, ...before } = (await kube.get<Manifest>(ref)) ?? {}
    await kube.apply([{ ...before, ...change }])
  }
  kube.dryRun = async (pod) => {
    if (pod.metadata?.labels?.['sidecar.istio.io/inject'] !== 'true') return pod
    const { requests } = JSON.parse(stuck ? values : keyIn(kube, 'istio-sidecar-injector', 'values')).global.proxy
      .resources as { requests: object }
    const { proxyMetadata } = (parse(keyIn(kube, 'istio', 'mesh')) as { defaultConfig: { proxyMetadata: object } })
      .defaultConfig
    const env = [{ name: 'PROXY_CONFIG', value: JSON.stringify({ proxyMetadata }) }]
    return { ...pod, spec: { containers: [{ name: 'istio-proxy', env, resources: { requests } }] } }
  }
  return kube
}

/** A lab of one cluster with this API. */
export const labWith = async (kube: FakeKube): Promise<OpenLab> => {
  const topology = await variant('multi-primary')
  const clusters = topology.clusters.map((plan) => ({ ...plan, istioNamespace: 'istio-system', kubeconfig: '', kube }))
  const [primary] = clusters
  return {
    topology: { ...topology, clusters: [topology.clusters[0]] },
    clusters: [primary],
    primaries: [primary],
    primary,
    images: { source: 'source' },
  } as unknown as OpenLab
}
