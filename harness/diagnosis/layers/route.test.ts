import { expect, test } from 'vitest'
import type { Client } from '#diagnosis/clients.ts'
import { sharedServices } from '#diagnosis/shared-services.ts'
import type { Manifest } from '#kube/client.ts'
import type { Endpoint } from '#probes/envoy.ts'
import type { EnvoyCluster } from '#probes/envoy-clusters.ts'
import type { EnvoyRoute } from '#probes/envoy-routes.ts'
import type { Survey } from '#probes/survey/survey.ts'
import { surveyOf } from '#testing/fake-clusters.ts'
import { obstructed } from './obstacles.ts'
import { judgeRoutes } from './route.ts'

const host = 'cart.shop.svc.cluster.local'
const whole = `outbound|80||${host}`
const stable = `outbound|80|stable|${host}`
const one: Endpoint[] = [{ address: '10.1.0.9', port: 80, priority: 0 }]

const cart: Manifest = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'cart', namespace: 'shop' },
  spec: { clusterIP: '10.9.0.1', selector: { app: 'cart' }, ports: [{ port: 80 }] },
}

const meshWith = (more: Manifest[] = []): Promise<Survey> =>
  surveyOf({ proxies: ['1.31.0'], more: [cart, ...more] }, { proxies: ['1.31.0'], more: [cart] })

const to = (cluster: string, more: Partial<EnvoyRoute> = {}): EnvoyRoute => ({
  takesAll: true,
  clusters: [{ name: cluster, weight: 100 }],
  redirects: false,
  rewrites: false,
  aborts: 0,
  delays: 0,
  madeBy: 'VirtualService shop/canary',
  ...more,
})

/** The codes of what is wrong with routes for cart, which a client has at a port. */
const codesOf = async (routes: EnvoyRoute[], port = 80): Promise<string[]> => {
  const mesh = await meshWith()
  const client: Client = { cluster: mesh.clusters[0]!, namespace: 'shop', pod: 'client-1', labels: {} }
  return judgeRoutes(mesh, client, await sharedServices(mesh), {
    virtualHosts: [{ name: host, port, domains: [host, 'cart'], routes }],
    clusters: new Map([
      [whole, one],
      [stable, []],
    ]),
    present: new Set(['VirtualService shop/canary']),
  }).map(({ code }) => code)
}

test.each<[string, EnvoyRoute[], string[]]>([
  ['of Istio itself', [to(whole, { madeBy: '' })], []],
  ['to the service', [to(whole)], []],
  ['to a subset that nobody defines', [to(`outbound|80|typo|${host}`)], ['MP-991']],
  ['to a subset without pods', [to(stable)], ['MP-999']],
  ['to a subset without pods, for a header alone', [to(stable, { takesAll: false }), to(whole)], []],
  ['that give a millisecond', [to(whole, { timeout: 1 })], ['MP-998']],
  ['that give a second', [to(whole, { timeout: 1000 })], []],
  ['that take a header alone', [to(whole, { takesAll: false })], ['MP-681']],
  ['that take a header, and the rest', [to(whole, { takesAll: false }), to(whole)], []],
  ['that abort all', [to(whole, { aborts: 50 })], ['MP-992']],
  ['that abort what has a header', [to(whole, { aborts: 100, takesAll: false }), to(whole)], ['MP-683']],
  ['that delay what has a header', [to(whole, { delays: 100, takesAll: false }), to(whole)], ['MP-683']],
  ['of a rule that is gone', [to(stable, { madeBy: 'VirtualService shop/gone' })], []],
])('routes %s', async (_, routes, expected) => {
  expect(await codesOf(routes)).toEqual(expected)
})

// Istio puts the host of a rule without a port into the configurations of every port.
test('routes at a port that the service does not have are no matter of it', async () => {
  expect(await codesOf([to(`outbound|9080|canary|${host}`)], 9080)).toEqual([])
})

const rule = (trafficPolicy: object): Manifest => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'DestinationRule',
  metadata: { name: 'cart', namespace: 'shop' },
  spec: { host: 'cart', trafficPolicy },
})
const filter: Manifest = {
  apiVersion: 'networking.istio.io/v1alpha3',
  kind: 'EnvoyFilter',
  metadata: { name: 'hurry', namespace: 'shop' },
  spec: { configPatches: [] },
}
const hurried: Partial<EnvoyCluster> = { connectTimeout: 1 }

test.each<[string, Partial<EnvoyCluster>, Manifest[], string | undefined]>([
  [
    'a DestinationRule',
    { ...hurried, madeBy: 'DestinationRule shop/cart' },
    [rule({ connectionPool: { tcp: { connectTimeout: '1ms' } } })],
    'DestinationRule shop/cart says so',
  ],
  [
    'an EnvoyFilter, where the rule says nothing of it',
    { ...hurried, madeBy: 'DestinationRule shop/cart' },
    [rule({ loadBalancer: { simple: 'RANDOM' } }), filter],
    'EnvoyFilters that select it, the newest first: shop/hurry',
  ],
  [
    'a ServiceEntry of the same host',
    { discovery: 'STRICT_DNS' },
    [
      {
        apiVersion: 'networking.istio.io/v1',
        kind: 'ServiceEntry',
        metadata: { name: 'twin', namespace: 'shop' },
        spec: { hosts: [host], resolution: 'DNS' },
      },
    ],
    'ServiceEntry shop/twin defines the same host',
  ],
  [
    'the mesh config',
    hurried,
    [
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'istio', namespace: 'istio-system' },
        data: { mesh: 'connectTimeout: 0.001s\n' },
      },
    ],
    'the mesh config of cluster1 says so for all services',
  ],
  ['nothing', { connectTimeout: 250 }, [filter], undefined],
])('what keeps a client from a service is named with its maker: %s', async (_what, told, objects, line) => {
  const mesh = await meshWith(objects)
  const client: Client = { cluster: mesh.clusters[0]!, namespace: 'shop', pod: 'client-1', labels: {} }
  const sound: EnvoyCluster = { name: whole, discovery: 'EDS', closedBy: [], madeBy: '' }
  const found = await obstructed(mesh, client, await sharedServices(mesh), [{ ...sound, ...told }], new Set())
  expect(found.map(({ evidence }) => evidence[1])).toEqual(line === undefined ? [] : [line])
})
