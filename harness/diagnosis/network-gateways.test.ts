import { expect, test } from 'vitest'
import type { SurveyedCluster } from '#probes/survey/survey.ts'
import { enteredAs, entrancesInto, type NetworkGateways } from './network-gateways.ts'

const cluster = (name: string): SurveyedCluster => ({ name }) as SurveyedCluster
const known = (
  owner: string,
  address: string,
  port = 15443,
): { network: string; cluster: string; address: string; port: number } => ({
  network: 'network2',
  cluster: owner,
  address,
  port,
})
const gateways = (views: ReturnType<typeof known>[][], rest: Partial<NetworkGateways> = {}): NetworkGateways => ({
  network: 'network2',
  services: [],
  configured: [],
  known: views.map((view, index) => ({ primary: cluster(`cluster${index + 1}`), gateways: view })),
  ...rest,
})

test('a cluster is entered at its own gateways where istiod knows them by their cluster', () => {
  const view = [known('cluster2', '192.0.2.1'), known('cluster3', '192.0.2.2')]
  expect(entrancesInto(gateways([view, view]), 'cluster2')).toEqual([{ address: '192.0.2.1', port: 15443 }])
})

test('gateways of meshNetworks belong to no cluster, so they are every cluster’s', () => {
  expect(entrancesInto(gateways([[known('', '192.0.2.1', 443), known('', '192.0.2.2', 443)]]), 'cluster2')).toEqual([
    { address: '192.0.2.1', port: 443 },
    { address: '192.0.2.2', port: 443 },
  ])
})

test('where istiod could not be asked, services say it', () => {
  const services = [
    { cluster: cluster('cluster2'), service: {}, addresses: ['192.0.2.7'], port: 8443, found: true },
    { cluster: cluster('cluster3'), service: {}, addresses: ['192.0.2.8'], port: 15443, found: true },
  ]
  const unasked = gateways([], { services, known: [{ primary: cluster('cluster1'), gateways: undefined }] })
  expect(entrancesInto(unasked, 'cluster2')).toEqual([{ address: '192.0.2.7', port: 8443 }])
  expect(entrancesInto(gateways([]), 'cluster2')).toEqual([])
})

test.each<[string, ReturnType<typeof known>[] | undefined, number]>([
  ['as istiod sends others there, whatever its label says', [known('', '192.0.2.1', 15443)], 15443],
  ['as its label says, where istiod sends others there too', [known('', '192.0.2.1'), known('a', '192.0.2.1', 1)], 1],
  ['as its label says, where istiod knows another address', [known('', '192.0.2.9')], 1],
  ['as its label says, where istiod was not asked', undefined, 1],
])('a gateway is entered %s', (_how, view, port) => {
  const gateway = { cluster: cluster('cluster2'), service: {}, addresses: ['192.0.2.1'], port: 1, found: true }
  expect(enteredAs(gateway, [{ known: undefined }, { known: view }]).port).toBe(port)
})
