import { expect, test } from 'vitest'
import { virtualHostsIn } from './envoy-routes.ts'

const istio = (config: string): object => ({ filter_metadata: { istio: { config } } })

test('routes carry where they lead, what they do, and the object that made them', () => {
  const page = {
    configs: [
      {
        route_config: {
          name: '5000',
          virtual_hosts: [
            {
              name: 'shop:5000',
              domains: ['shop.app1.svc.cluster.local', 'shop'],
              routes: [
                {
                  match: { prefix: '/', headers: [{ name: 'end-user' }] },
                  route: {
                    weighted_clusters: {
                      clusters: [
                        { name: 'a', weight: 80 },
                        { name: 'b', weight: 20 },
                      ],
                    },
                  },
                  metadata: istio('/apis/networking.istio.io/v1/namespaces/app1/virtual-service/canary'),
                },
                {
                  match: { prefix: '/', case_sensitive: true },
                  route: {
                    cluster: 'outbound|5000|v1|shop.app1.svc.cluster.local',
                    timeout: '0.25s',
                    prefix_rewrite: '/v2',
                  },
                  typed_per_filter_config: {
                    'envoy.filters.http.fault': {
                      '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault',
                      abort: { percentage: { numerator: 250_000, denominator: 'MILLION' }, http_status: 503 },
                    },
                  },
                },
                { match: { path: '/old' }, redirect: { host_redirect: 'new' } },
                { match: { prefix: '/' }, direct_response: { status: 418 } },
              ],
            },
          ],
        },
      },
    ],
  }
  expect(virtualHostsIn(page)).toMatchObject([
    {
      port: 5000,
      domains: ['shop.app1.svc.cluster.local', 'shop'],
      routes: [
        {
          takesAll: false,
          clusters: [
            { name: 'a', weight: 80 },
            { name: 'b', weight: 20 },
          ],
          madeBy: 'VirtualService app1/canary',
        },
        {
          takesAll: true,
          clusters: [{ weight: 100 }],
          aborts: 25,
          delays: 0,
          timeout: 250,
          rewrites: true,
          madeBy: '',
        },
        { takesAll: false, redirects: true, rewrites: false },
        { takesAll: true, answers: 418 },
      ],
    },
  ])
})

test('a proxy without routes has none', () => {
  expect(virtualHostsIn({ configs: [] })).toEqual([])
})
