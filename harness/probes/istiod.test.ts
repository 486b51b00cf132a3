import { expect, test } from 'vitest'
import { gatewaysIn } from './istiod.ts'

test('of the gateways that istiod knows those are told that sidecars are sent to', () => {
  const page = [
    { Network: 'network2', Cluster: 'cluster2', Addr: '192.0.2.2', Port: 15443, HBONEPort: 0 },
    { Network: 'network2', Addr: '192.0.2.3', Port: 443 },
    { Network: 'network2', Cluster: 'cluster2', Addr: '192.0.2.4', Port: 15443, HBONEPort: 15008 },
    { Network: 'network2', Cluster: 'cluster2', Addr: '10.9.0.9', Port: 0, HBONEPort: 15008 },
    { Network: 'network2', Cluster: 'cluster2', Addr: '192.0.2.5', Port: 15008, HBONEPort: 15008 },
  ]
  expect(gatewaysIn(page)).toEqual([
    { network: 'network2', cluster: 'cluster2', address: '192.0.2.2', port: 15443 },
    { network: 'network2', cluster: '', address: '192.0.2.3', port: 443 },
    { network: 'network2', cluster: 'cluster2', address: '192.0.2.4', port: 15443 },
  ])
  expect(gatewaysIn(null)).toEqual([])
})
