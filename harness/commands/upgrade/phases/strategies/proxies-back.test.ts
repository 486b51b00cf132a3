import type { V1Pod } from '@kubernetes/client-node'
import { expect, test } from 'vitest'
import type { ProxyState } from '#probes/istiod.ts'
import { allBack } from './proxies-back.ts'

const pod = (
  name: string,
  metadata: { deletionTimestamp?: Date; annotations?: Record<string, string> } = {},
  container = 'istio-proxy',
): V1Pod => ({
  metadata: { name, namespace: 'sample', annotations: { 'istio.io/rev': 'default' }, ...metadata },
  spec: { containers: [{ name: container }] },
})
const state = (proxy: string, ...stale: string[]): ProxyState => ({ proxy, cluster: 'cluster1', stale, refused: [] })

test('proxies are back when each is connected and has acknowledged everything', () => {
  const pods = [pod('sleep'), pod('helloworld-v1')]
  expect(allBack(pods, 'default', [state('sleep.sample'), state('helloworld-v1.sample')])).toBe(true)
  expect(allBack(pods, 'default', [state('sleep.sample')])).toBe(false)
  expect(allBack(pods, 'default', [state('sleep.sample'), state('helloworld-v1.sample', 'endpoints')])).toBe(false)
})

test('a proxy that is there twice, or of a pod that nobody waits for, stands for no other', () => {
  expect(allBack([pod('sleep'), pod('helloworld-v1')], 'default', [state('sleep.sample'), state('gone.sample')])).toBe(
    false,
  )
})

test('nobody waits for a pod that goes, has no proxy, or has it from another control plane', () => {
  const ignored = [
    pod('old', { deletionTimestamp: new Date(0) }),
    pod('legacy', {}, 'app'),
    pod('canary', { annotations: { 'istio.io/rev': '1-31-dev' } }),
  ]
  expect(allBack(ignored, 'default', [])).toBe(true)
})
