import ipaddr from 'ipaddr.js'
import { describe, expect, test } from 'vitest'
import { loadTopologyFile } from '#topology/topology-file.ts'
import { failingWith, fakeProgram } from '#testing/edge.ts'
import { addressPools, createNetwork, networkRanges } from './network.ts'

const numberOf = (address: string): number =>
  ipaddr.IPv4.parse(address).octets.reduce((sum, octet) => sum * 256 + octet, 0)

const blocksOf = (pools: string[]): { first: number; last: number }[] =>
  pools.map((pool) => {
    const [first = '', last = ''] = pool.split('-')
    return { first: numberOf(first), last: numberOf(last) }
  })

describe('the load balancers’ addresses', () => {
  test('are blocks at the upper end, in the order of the clusters', () => {
    expect(addressPools('172.18.0.0/16', 2)).toEqual(['172.18.255.239-172.18.255.254', '172.18.255.223-172.18.255.238'])
    expect(addressPools('192.168.7.0/24', 2)).toEqual(['192.168.7.239-192.168.7.254', '192.168.7.223-192.168.7.238'])
  })

  test.each([
    ['10.200.0.0/16', 4],
    ['192.168.7.0/24', 3],
    ['172.18.4.7/20', 2],
    ['192.168.7.64/26', 1],
  ])('of %s are disjoint and leave its first half, network and broadcast address alone', (subnet, clusters) => {
    const network = numberOf(ipaddr.IPv4.networkAddressFromCIDR(subnet).toString())
    const broadcast = numberOf(ipaddr.IPv4.broadcastAddressFromCIDR(subnet).toString())
    const blocks = blocksOf(addressPools(subnet, clusters))
    expect(blocks).toHaveLength(clusters)
    blocks.forEach(({ first, last }, index) => {
      expect(last - first).toBe(15)
      expect(first).toBeGreaterThan((network + broadcast) / 2)
      expect(last).toBeLessThan(blocks[index - 1]?.first ?? broadcast)
    })
  })

  test.each(['192.168.7.0/26', '192.168.7.0/28'])('do not fit into %s for two clusters', (subnet) => {
    expect(() => addressPools(subnet, 2)).toThrow(
      expect.objectContaining({ code: 'MP-412', message: expect.stringContaining(subnet) }),
    )
  })
})

describe('the engine’s address ranges', () => {
  const networks = (...subnets: string[]): Promise<void> => {
    const inspected = subnets.map((Subnet) => ({ IPAM: { Config: [{ Subnet }] } }))
    const none = { IPAM: { Config: null } }
    return fakeProgram('docker', `[ "$2" = ls ] && echo 'aaa' || echo '${JSON.stringify([none, ...inspected])}'`)
  }

  test('are Docker’s own without default-address-pools; a network outside of them takes none', async () => {
    await networks('172.17.0.0/16', '172.21.0.0/16', '192.168.16.0/20', '10.4.0.0/16', 'fd00::/64')
    expect(await networkRanges({ DefaultAddressPools: undefined })).toEqual({ total: 31, free: 28 })
  })

  test('are those of default-address-pools; a large network takes several', async () => {
    await networks('10.200.0.0/23')
    const DefaultAddressPools = [
      { Base: '10.200.0.0/22', Size: 24 },
      { Base: 'fd00::/48', Size: 64 },
    ]
    expect(await networkRanges({ DefaultAddressPools })).toEqual({ total: 4, free: 2 })
  })
})

describe('the run’s network', () => {
  const engineGives = (...subnets: string[]): Promise<void> =>
    fakeProgram(
      'docker',
      `[ "$2" = inspect ] && echo '${JSON.stringify([{ IPAM: { Config: subnets.map((Subnet) => ({ Subnet })) } }])}' ` +
        '|| true',
    )
  const create = async (): Promise<string> =>
    createNetwork(
      '20260101-000000-abcd',
      'host/1/1',
      (await loadTopologyFile('gateway')).clusters,
      new AbortController().signal,
    )

  test('has the engine’s IPv4 range', async () => {
    await engineGives('fd00:dead::/64', '172.18.0.0/16')
    expect(await create()).toBe('172.18.0.0/16')
  })

  test('is refused where the engine’s range holds pods of a cluster', async () => {
    await engineGives('10.10.128.0/20')
    await expect(create()).rejects.toMatchObject({
      code: 'MP-411',
      message: expect.stringContaining('10.10.128.0/20 and cluster1’s 10.10.0.0/16'),
    })
  })

  test.each([
    'all predefined address pools have been fully subnetted',
    'could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network',
  ])('is refused where the engine has no range left: %s', async (words) => {
    await fakeProgram(
      'docker',
      `[ "$2" = ls ] && printf 'bridge\\nhost\\n' && exit\n${failingWith(`Error response from daemon: ${words}`)}`,
    )
    await expect(create()).rejects.toMatchObject({
      code: 'MP-413',
      message: expect.stringContaining('the networks that exist (2)'),
      next: expect.stringContaining('docker network prune'),
    })
  })
})
