import { expect, test } from 'vitest'
import { AuthorizationPolicy, fits } from './authorization.ts'

const sleep = { namespace: 'app1', serviceAccount: 'sleep', port: 5000 }
const from = (source: object): object => ({ rules: [{ from: [{ source }] }] })
const to = (operation: object): object => ({ rules: [{ to: [{ operation }] }] })

test.each<[object, 'yes' | 'no' | 'maybe']>([
  [{}, 'no'],
  [{ rules: [{}] }, 'yes'],
  [from({ principals: ['cluster.local/ns/app1/sa/sleep'] }), 'yes'],
  [from({ principals: ['cluster.local/ns/app1/sa/cart'] }), 'no'],
  [from({ principals: ['*/sa/sleep'] }), 'yes'],
  [from({ principals: ['cluster.local/ns/app1/*'] }), 'yes'],
  [from({ notPrincipals: ['*/sa/sleep'] }), 'no'],
  [from({ namespaces: ['app1'] }), 'yes'],
  [from({ namespaces: ['bank'] }), 'no'],
  [from({ notNamespaces: ['app1'] }), 'no'],
  [from({ serviceAccounts: ['app1/sleep'] }), 'yes'],
  [from({ requestPrincipals: ['*'] }), 'maybe'],
  [from({ namespaces: ['bank'], ipBlocks: ['10.0.0.0/8'] }), 'no'],
  [from({ principals: ['example.org/ns/app1/sa/sleep'] }), 'maybe'],
  [from({ principals: ['example.org/ns/app1/sa/cart'] }), 'no'],
  [from({ notPrincipals: ['example.org/ns/app1/sa/sleep'] }), 'maybe'],
  [from({ notServiceAccounts: ['app1/sleep'] }), 'no'],
  [from({ notRequestPrincipals: ['*'] }), 'maybe'],
  [from({ notIpBlocks: ['10.0.0.0/8'] }), 'maybe'],
  [from({ notRemoteIpBlocks: ['10.0.0.0/8'] }), 'maybe'],
  [to({ notPaths: ['/healthz'] }), 'maybe'],
  [to({ notHosts: ['shop.example'] }), 'maybe'],
  [to({ ports: ['5000'] }), 'yes'],
  [to({ ports: ['8080'] }), 'no'],
  [to({ notPorts: ['5000'] }), 'no'],
  [to({ methods: ['POST'] }), 'maybe'],
  [{ rules: [{ when: [{ key: 'request.headers[x]' }] }] }, 'maybe'],
  [{ rules: [{ from: [{ source: { namespaces: ['bank'] } }] }, { to: [{ operation: { paths: ['/x'] } }] }] }, 'maybe'],
])('%j fits sleep: %s', (spec, expected) => {
  expect(fits(AuthorizationPolicy.parse(spec), sleep)).toBe(expected)
})

test.each<[string[], object, 'yes' | 'no' | 'maybe']>([
  [['10.1.8.1'], from({ ipBlocks: ['192.168.77.0/24'] }), 'no'],
  [['10.1.8.1'], from({ ipBlocks: ['192.168.77.0/24', '10.1.8.1'] }), 'yes'],
  [['10.1.8.1', '10.1.9.1'], from({ ipBlocks: ['10.1.8.0/24'] }), 'maybe'],
  [['10.1.8.1'], from({ notIpBlocks: ['10.0.0.0/8'] }), 'no'],
  [['10.1.8.1'], from({ notIpBlocks: ['192.168.77.0/24'] }), 'yes'],
  [['fd00::7'], from({ ipBlocks: ['fd00::/64'] }), 'yes'],
  [['10.1.8.1'], from({ ipBlocks: ['nonsense'] }), 'maybe'],
  [['10.1.8.1'], from({ remoteIpBlocks: ['192.168.77.0/24'] }), 'maybe'],
])('of a request from %j %j is: %s', (addresses, spec, expected) => {
  expect(fits(AuthorizationPolicy.parse(spec), { ...sleep, addresses })).toBe(expected)
})

test.each<[object, 'yes' | 'no' | 'maybe']>([
  [from({ requestPrincipals: ['*'] }), 'no'],
  [from({ notRequestPrincipals: ['*'] }), 'yes'],
  [to({ methods: ['POST'] }), 'no'],
  [to({ methods: ['GET'] }), 'yes'],
  [to({ notMethods: ['GET'] }), 'no'],
  [to({ methods: ['POST'], paths: ['/api/*'] }), 'no'],
  [to({ paths: ['/api/*'] }), 'maybe'],
  [{ rules: [{ when: [{ key: 'request.headers[tenant]', values: ['*'] }] }] }, 'no'],
  [{ rules: [{ when: [{ key: 'request.headers[tenant]', notValues: ['*'] }] }] }, 'yes'],
  [{ rules: [{ when: [{ key: 'source.ip', values: ['10.0.0.1'] }] }] }, 'maybe'],
])('%j fits a plain request of sleep: %s', (spec, expected) => {
  expect(fits(AuthorizationPolicy.parse(spec), { ...sleep, plain: true })).toBe(expected)
})
