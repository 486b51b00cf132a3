import { expect, test } from 'vitest'
import { clustersIn } from './envoy-clusters.ts'

const name = 'outbound|80||cart.shop.svc.cluster.local'
const serverName = 'outbound_.80_._.cart.shop.svc.cluster.local'
const identity = 'spiffe://cluster.local/ns/shop/sa/cart'

const tls = {
  name: 'envoy.transport_sockets.tls',
  typed_config: {
    sni: serverName,
    common_tls_context: {
      tls_certificate_sds_secret_configs: [{ name: 'default' }],
      combined_validation_context: {
        default_validation_context: { match_subject_alt_names: [{ exact: identity }] },
      },
    },
  },
}
const plain = { name: 'envoy.transport_sockets.raw_buffer' }
const pageOf = (cluster: object): object => ({ configs: [{ cluster: { name, ...cluster } }] })

test('a cluster as Istio makes it: found by its control plane, and mutual TLS where a server takes it', () => {
  const page = pageOf({
    type: 'EDS',
    connect_timeout: '10s',
    circuit_breakers: { thresholds: [{ max_connections: 4_294_967_295, max_requests: 4_294_967_295 }] },
    transport_socket_matches: [
      { name: 'tlsMode-istio', transport_socket: tls },
      { name: 'tlsMode-disabled', transport_socket: plain },
    ],
    metadata: {
      filter_metadata: {
        istio: { config: '/apis/networking.istio.io/v1/namespaces/shop/destination-rule/canary' },
      },
    },
  })
  expect(clustersIn(page)).toEqual([
    {
      name,
      discovery: 'EDS',
      connectTimeout: 10_000,
      closedBy: [],
      tls: { serverName, identities: [identity], hasCertificate: true },
      madeBy: 'DestinationRule shop/canary',
    },
  ])
})

test.each<[string, object[], string[]]>([
  ['no request', [{ max_requests: 0 }], ['max_requests']],
  ['no connection, of which Envoy opens one all the same', [{ max_connections: 0 }], []],
  ['none of a second entry, which Envoy does not read', [{ max_requests: 100 }, { max_requests: 0 }], []],
  ['none of high priority', [{ priority: 'HIGH', max_requests: 0 }], []],
])('limits that let %s through', (_what, thresholds, closedBy) => {
  const [cluster] = clustersIn(pageOf({ circuit_breakers: { thresholds } }))
  expect(cluster).toMatchObject({ discovery: 'STATIC', closedBy, madeBy: '' })
})

test('plaintext is no mutual TLS, and one socket for all endpoints is', () => {
  expect(clustersIn(pageOf({ transport_socket: plain }))[0]).not.toHaveProperty('tls')
  expect(clustersIn(pageOf({ transport_socket: tls }))[0]).toMatchObject({ tls: { serverName } })
  const onlyPlain = pageOf({ transport_socket_matches: [{ name: 'plain', transport_socket: plain }] })
  expect(clustersIn(onlyPlain)[0]).not.toHaveProperty('tls')
})
