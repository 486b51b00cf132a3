import { expect, test } from 'vitest'
import type { Manifest } from '#kube/client.ts'
import { surveyOf } from '#testing/fake-clusters.ts'
import { starvedSidecars } from './starved-sidecars.ts'

const podOf = (name: string, cpu: string | undefined, role: string, namespace = 'shop'): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace },
  spec: {
    initContainers: [
      {
        name: 'istio-proxy',
        args: ['proxy', role],
        ...(cpu === undefined ? {} : { resources: { limits: { cpu } } }),
      },
    ],
    containers: [{ name: 'app' }],
  },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
})

test.each<[string, Manifest[], Record<string, number>, string[]]>([
  ['that is too slow for a client', [podOf('cart-1', '10m', 'sidecar')], { 'cart-1': 9, 'web-1': 0.1 }, ['MP-838']],
  ['that has little, and is soon done', [podOf('cart-1', '50m', 'sidecar')], { 'cart-1': 0.7, 'web-1': 0.1 }, []],
  ['on a machine that is slow', [podOf('cart-1', '10m', 'sidecar')], { 'cart-1': 9, 'web-1': 6 }, []],
  ['of a gateway', [podOf('cart-1', '10m', 'router')], { 'cart-1': 9, 'web-1': 0.1 }, []],
  [
    'among many with little, of which those with least are measured',
    ['40m', '30m', '20m', '10m'].map((cpu, index) => podOf(`cart-${index}`, cpu, 'sidecar')),
    { 'cart-0': 12, 'cart-3': 8, 'web-1': 0.1 },
    ['MP-838'],
  ],
])('a sidecar %s', async (_what, pods, paces, codes) => {
  const mesh = await surveyOf({ more: [...pods, podOf('web-1', undefined, 'sidecar')] }, {})
  const found = await starvedSidecars(mesh.clusters[0]!, (_kube, { pod }) => Promise.resolve(paces[pod]))
  expect(found.map(({ code }) => code)).toEqual(codes)
  const slowest = pods.at(-1)!.metadata?.name ?? ''
  if (codes.length > 0) expect(found[0]?.where).toBe(`cluster1 shop/${slowest}`)
})
