import { expect, test } from 'vitest'
import type { MeshService } from '#diagnosis/shared-services.ts'
import type { SurveyedCluster } from '#probes/survey/survey.ts'
import type { VirtualHost } from '#probes/envoy-routes.ts'
import { notTaken, type Outgoing } from './not-taken.ts'

const host = 'cart.shop.svc.cluster.local'
const cluster = { name: 'cluster1' } as SurveyedCluster
const service: MeshService = {
  namespace: 'shop',
  name: 'cart',
  host,
  perCluster: [
    {
      cluster,
      service: { spec: { clusterIP: '10.9.0.1', ports: [{ port: 80 }] } },
      addresses: [],
      meshed: [],
      pods: [],
    },
  ],
}
const routed = (...domains: string[]): VirtualHost => ({ name: host, port: 80, domains, routes: [] })
const sound: Outgoing = {
  clusters: new Map([[`outbound|80||${host}`, []]]),
  listeners: [{ name: '0.0.0.0_80', port: 80 }],
  virtualHosts: [routed(host, 'cart')],
}

test.each<[string, Partial<Outgoing>, number]>([
  ['with a listener and a route', {}, 0],
  ['with a route by a wildcard', { virtualHosts: [routed('*.shop.svc.cluster.local')] }, 0],
  ['with a listener of the service’s own', { listeners: [{ name: '10.9.0.1_80', port: 80 }], virtualHosts: [] }, 0],
  ['that does not know the service', { clusters: new Map(), listeners: [] }, 0],
  ['without a listener', { listeners: [{ name: '0.0.0.0_81', port: 81 }] }, 1],
  ['with a listener that was removed and drains', { listeners: [{ name: '0.0.0.0_80', port: undefined }] }, 1],
  ['without a route', { virtualHosts: [routed('*')] }, 1],
])('a client %s', (_what, outgoing, lines) => {
  expect(notTaken({ cluster }, service, { ...sound, ...outgoing })).toHaveLength(lines)
})
