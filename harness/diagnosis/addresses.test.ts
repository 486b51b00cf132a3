import { expect, test } from 'vitest'
import type { Manifest } from '#kube/client.ts'
import { surveyOf } from '#testing/fake-clusters.ts'
import { addressesBehind, portBehind } from './addresses.ts'

const slice = (name: string, of: object): Manifest => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name, namespace: 'shop', labels: { 'kubernetes.io/service-name': 'cart' } },
  ...of,
})

test('the endpoints of a service are read from all its slices: ready addresses, each once, and ports', async () => {
  const { clusters } = await surveyOf({
    more: [
      slice('a', {
        endpoints: [{ addresses: ['10.1.0.2'] }, { addresses: ['10.1.0.1'], conditions: { ready: true } }],
        ports: [{ name: 'http', port: 8080 }, { port: 9090 }],
      }),
      slice('b', {
        endpoints: [{ addresses: ['10.1.0.3'], conditions: { ready: false } }, { addresses: ['10.1.0.1'] }],
      }),
    ],
  })
  const [cluster] = clusters
  expect(await addressesBehind(cluster!, 'shop', 'cart')).toEqual(['10.1.0.1', '10.1.0.2'])
  expect(await addressesBehind(cluster!, 'shop', 'other')).toEqual([])
  expect(
    await Promise.all(
      [{ name: 'http' }, {}, { name: 'grpc' }].map((port) => portBehind(cluster!, 'shop', 'cart', port)),
    ),
  ).toEqual([8080, 9090, undefined])
})
