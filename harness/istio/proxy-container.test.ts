import type { V1Pod } from '@kubernetes/client-node'
import { expect, test } from 'vitest'
import { hasEnvoy } from './proxy-container.ts'

const podWith = (args: string[], env: { name: string; value: string }[] = []): V1Pod => ({
  spec: { containers: [{ name: 'istio-proxy', args, env }] },
})

test.each<[string, V1Pod, boolean]>([
  ['a sidecar', podWith(['proxy', 'sidecar']), true],
  ['a gateway', podWith(['proxy', 'router']), true],
  ['a waypoint', podWith(['proxy', 'waypoint']), true],
  ['ambient’s ztunnel', podWith(['proxy', 'ztunnel']), false],
  ['an agent for gRPC', podWith(['proxy', 'sidecar'], [{ name: 'ISTIO_META_GENERATOR', value: 'grpc' }]), false],
  ['a pod without a proxy', { spec: { containers: [{ name: 'web' }] } }, false],
])('%s has an Envoy that can be asked, or none', (_, pod, expected) => {
  expect(hasEnvoy(pod)).toBe(expected)
})
