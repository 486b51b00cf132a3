import { expect, test } from 'vitest'
import type { ServiceIn } from '#diagnosis/shared-services.ts'
import type { ClientTls, EnvoyCluster } from '#probes/envoy-clusters.ts'
import type { SurveyedCluster } from '#probes/survey/survey.ts'
import { otherTls, type Expected } from './told-tls.ts'

const host = 'cart.shop.svc.cluster.local'
const identity = 'spiffe://cluster.local/ns/shop/sa/cart'
const sound: ClientTls = {
  serverName: `outbound_.80_._.${host}`,
  identities: [identity],
  hasCertificate: true,
}

/** What a client of network1 does otherwise than a server of a network takes it. */
const causeOf = (tls: Partial<ClientTls> | undefined, network = 'network2', server = identity): string | undefined => {
  const cluster = { name: 'cluster2', network } as SurveyedCluster
  const service = { spec: { ports: [{ port: 80 }] } }
  const part: ServiceIn = { cluster, service, addresses: ['10.2.0.9'], meshed: ['10.2.0.9'], pods: ['10.2.0.9'] }
  const expected: Expected = {
    service: { namespace: 'shop', name: 'cart', host, perCluster: [part] },
    servers: [{ part, identity: server }],
  }
  const told: EnvoyCluster = {
    name: `outbound|80||${host}`,
    discovery: 'EDS',
    closedBy: [],
    madeBy: '',
    ...(tls ? { tls: { ...sound, ...tls } } : {}),
  }
  const client = { cluster: { name: 'cluster1', network: 'network1' } as SurveyedCluster }
  return otherTls(client, expected, [told])?.cause
}

test.each<[string, Partial<ClientTls> | undefined, string | undefined]>([
  ['as Istio tells it', {}, undefined],
  ['that accepts every identity', { identities: [] }, undefined],
  ['in plaintext', undefined, 'plaintext'],
  ['without a certificate', { hasCertificate: false }, 'no certificate'],
  ['by another server name', { serverName: 'cart.example' }, 'server name'],
  ['to others alone', { identities: ['spiffe://other/ns/shop/sa/cart'] }, 'other identities'],
])('a client %s', (_what, tls, cause) => {
  expect(causeOf(tls)).toEqual(cause === undefined ? undefined : expect.stringContaining(cause))
})

test('on one network any server name will do, and a server of another trust domain will not', () => {
  expect(causeOf({ serverName: 'cart.example' }, 'network1')).toBeUndefined()
  expect(causeOf({}, 'network1', 'spiffe://corp.example/ns/shop/sa/cart')).toContain('other identities')
})
