import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { errorOf } from '#testing/edge.ts'
import { injectingKube, keyIn, labWith, mesh, values } from '#testing/injecting-kube.ts'
import { prepareMesh } from './prepare-mesh.ts'

test('Istio’s tests find the settings that they expect, and then everything is as it was', async () => {
  const kube = injectingKube()
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
  const kube = injectingKube(true)
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
