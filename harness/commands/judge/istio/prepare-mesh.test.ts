import { expect, test } from 'vitest'
import { parse } from 'yaml'
import type { Manifest } from '#kube/client.ts'
import type { OpenLab } from '#run/open-lab.ts'
import { errorOf } from '#testing/edge.ts'
import { type FakeKube, fakeKube } from '#testing/fake-kube.ts'
import { variant } from '#testing/idle-lab.ts'
import { prepareMesh } from './prepare-mesh.ts'

const inRoot = (name: string) => ({ name, namespace: 'istio-system' })

const mesh = 'accessLogFile: /dev/stdout\ndefaultConfig:\n  proxyMetadata:\n    PROXY_CONFIG_XDS_AGENT: "true"\n'
const values = JSON.stringify({
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

const keyIn = (kube: FakeKube, map: string, key: string): string => {
  const found = kube.objects.find(({ metadata }) => metadata?.name === map)
  return (found?.['data'] as Record<string, string> | undefined)?.[key] ?? ''
}

/** An API with Istio whose injector uses its configuration, once its istiod was touched; with `stuck` it never does. */
const injecting = (stuck = false): FakeKube => {
  const kube = fakeKube(...installed)
  kube.merge = async (change) => {
    const ref = { apiVersion: 'v1', kind: change.kind ?? '', ...inRoot(change.metadata?.name ?? '') }
    const { metadata: _, status: __, ...before } = (await kube.get<Manifest>(ref)) ?? {}
    await kube.apply([{ ...before, ...change }])
  }
  kube.dryRun = async (pod) => {
    const { requests } = JSON.parse(stuck ? values : keyIn(kube, 'istio-sidecar-injector', 'values')).global.proxy
      .resources as { requests: object }
    const { proxyMetadata } = (parse(keyIn(kube, 'istio', 'mesh')) as { defaultConfig: { proxyMetadata: object } })
      .defaultConfig
    const env = [{ name: 'PROXY_CONFIG', value: JSON.stringify({ proxyMetadata }) }]
    return { ...pod, spec: { containers: [{ name: 'istio-proxy', env, resources: { requests } }] } }
  }
  return kube
}

const labWith = async (kube: FakeKube): Promise<OpenLab> => {
  const topology = await variant('multi-primary')
  const clusters = topology.clusters.map((plan) => ({ ...plan, istioNamespace: 'istio-system', kube }))
  return { topology, clusters: clusters.slice(0, 1), primaries: clusters.slice(0, 1) } as unknown as OpenLab
}

test('Istio’s tests find the settings that they expect, and then everything is as it was', async () => {
  const kube = injecting()
  const undo = new AsyncDisposableStack()
  await prepareMesh(await labWith(kube), false, undo, new AbortController().signal)

  expect(kube.objects.map(({ kind }) => kind)).not.toContain('PeerAuthentication')
  expect(JSON.parse(keyIn(kube, 'istio-sidecar-injector', 'values'))).toMatchObject({
    global: { hub: 'docker.io/istio', proxy: { resources: { requests: { cpu: '5m' } } } },
  })
  expect(parse(keyIn(kube, 'istio', 'mesh'))).toEqual({
    accessLogFile: '/dev/stdout',
    defaultHttpRetryPolicy: {},
    defaultConfig: { proxyMetadata: { PROXY_CONFIG_XDS_AGENT: 'true', ISTIO_META_DNS_CAPTURE: 'true' } },
  })

  await undo.disposeAsync()
  expect(keyIn(kube, 'istio', 'mesh')).toBe(mesh)
  expect(keyIn(kube, 'istio-sidecar-injector', 'values')).toBe(values)
  expect(kube.objects.find(({ kind }) => kind === 'PeerAuthentication')).toMatchObject({
    spec: { mtls: { mode: 'STRICT' } },
  })
})

test('a mesh that does not take its settings is an error, and its changes can be undone', async () => {
  const kube = injecting(true)
  const undo = new AsyncDisposableStack()
  const stop = new AbortController()
  setTimeout(() => {
    stop.abort(new Error('interrupted'))
  }, 300)
  const work = labWith(kube).then((lab) => prepareMesh(lab, false, undo, stop.signal))
  expect(await errorOf(work)).toMatchObject({ code: 'MP-130' })
  await undo.disposeAsync()
  expect(keyIn(kube, 'istio-sidecar-injector', 'values')).toBe(values)
})
