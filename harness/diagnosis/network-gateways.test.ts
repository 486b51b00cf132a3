import { expect, test } from 'vitest'
import type { SurveyedCluster } from '#probes/survey/survey.ts'
import { entrancesInto, type NetworkGateways } from './network-gateways.ts'

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
