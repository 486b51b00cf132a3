import { describe, expect, test } from 'vitest'
import { loadTopologyFile, overlap, topologyNames } from './topology-file.ts'

describe('a topology’s file', () => {
  test('of gateway says one control plane and two networks', async () => {
    const { name, clusters } = await loadTopologyFile('gateway')
    expect(name).toBe('gateway')
    expect(clusters.map(({ name: cluster, role, network, version }) => [cluster, role, network, version])).toEqual([
      ['cluster1', 'primary', 'network1', 'v1'],
      ['cluster2', 'remote', 'network2', 'v2'],
    ])
  })

  test('loads under the name it has, with ranges that share no address', async () => {
    for (const name of await topologyNames()) {
      const topology = await loadTopologyFile(name)
      expect(topology.name).toBe(name)
      const ranges = topology.clusters.flatMap(({ podCidr, serviceCidr }) => [podCidr, serviceCidr])
      const shared = ranges.flatMap((range, index) => ranges.slice(index + 1).filter((other) => overlap(range, other)).map((other) => `${range} ${other}`))
      expect(shared).toEqual([])
    }
  })
})

test.each([
  ['10.10.0.0/16', '10.10.0.0/16', true],
  ['10.0.0.0/8', '10.252.0.0/16', true],
  ['10.10.255.0/24', '10.10.0.0/16', true],
  ['0.0.0.0/0', '172.18.0.0/16', true],
  ['10.10.0.7/32', '10.10.0.0/29', true],
  ['10.10.0.0/16', '10.11.0.0/16', false],
  ['10.10.0.0/17', '10.10.128.0/17', false],
  ['10.10.0.8/32', '10.10.0.0/29', false],
  ['172.18.0.0/16', '10.0.0.0/8', false],
])('%s and %s share an address: %s', (one, other, expected) => {
  expect([overlap(one, other), overlap(other, one)]).toEqual([expected, expected])
})
