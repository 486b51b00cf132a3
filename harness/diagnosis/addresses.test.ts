import { afterEach, expect, test } from 'vitest'
import { survey } from '#probes/survey/survey.ts'
import type { Manifest } from '#kube/client.ts'
import { fakeApiServer, type FakeApiServer } from '#testing/fake-api-server.ts'
import { meshObjects } from '#testing/mesh-objects.ts'
import { addressesBehind, portBehind } from './addresses.ts'

let server: FakeApiServer | undefined

afterEach(() => {
  server?.close()
})

const slice = (name: string, of: object): Manifest => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name, namespace: 'shop', labels: { 'kubernetes.io/service-name': 'cart' } },
  ...of,
})

test('the endpoints of a service are read from all its slices: ready addresses, each once, and ports', async () => {
  server = await fakeApiServer(
    meshObjects('cluster1', {
      more: [
        slice('a', {
          endpoints: [{ addresses: ['10.1.0.2'] }, { addresses: ['10.1.0.1'], conditions: { ready: true } }],
          ports: [{ name: 'http', port: 8080 }, { port: 9090 }],
        }),
        slice('b', {
          endpoints: [{ addresses: ['10.1.0.3'], conditions: { ready: false } }, { addresses: ['10.1.0.1'] }],
        }),
      ],
    }),
  )
  const [cluster] = (await survey([server.cluster('a')])).clusters
  expect(await addressesBehind(cluster!, 'shop', 'cart')).toEqual(['10.1.0.1', '10.1.0.2'])
  expect(await addressesBehind(cluster!, 'shop', 'other')).toEqual([])
  expect(
    await Promise.all(
      [{ name: 'http' }, {}, { name: 'grpc' }].map((port) => portBehind(cluster!, 'shop', 'cart', port)),
    ),
  ).toEqual([8080, 9090, undefined])
})
