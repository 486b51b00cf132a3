import { expect, test } from 'vitest'
import type { Client } from '#diagnosis/clients.ts'
import { sharedServices } from '#diagnosis/shared-services.ts'
import type { Manifest } from '#kube/client.ts'
import type { Endpoint } from '#probes/envoy.ts'
import type { EnvoyRoute } from '#probes/envoy-routes.ts'
import type { Survey } from '#probes/survey/survey.ts'
import { surveyOf } from '#testing/fake-clusters.ts'
import { judgeRoutes, route } from './route.ts'

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

test.each([
  ['1ms', ['MP-998']],
  ['0.005s', ['MP-998']],
  ['10s', []],
  ['soon', []],
])('a DestinationRule that gives a connection %s', async (connectTimeout, expected) => {
  const mesh = await meshWith([
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'DestinationRule',
      metadata: { name: 'cart', namespace: 'shop' },
      spec: { host: 'cart', trafficPolicy: { connectionPool: { tcp: { connectTimeout } } } },
    },
  ])
  expect((await route.look(mesh, undefined)).findings.map(({ code }) => code)).toEqual(expected)
})
