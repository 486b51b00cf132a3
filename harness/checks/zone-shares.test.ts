import { describe, expect, test } from 'vitest'
import type { WeightedEndpoint } from '#probes/envoy.ts'
import { countedIn, haveShares, sharesOf, type Counted } from './zone-shares.ts'

const endpoint = (zone: string, weight: number, region = 'region-v2'): WeightedEndpoint => ({
  address: '172.18.0.5:15443',
  region,
  zone,
  priority: 0,
  weight,
})
const far = { region: 'region-v2', pods: 3, firstZone: 'zone-a', podsOfFirstZone: 1, otherNetwork: true }

describe('the zones that count in what a proxy knows', () => {
  test.each<[string, WeightedEndpoint[], Counted]>([
    ['a gateway that weighs as much as the pods', [endpoint('zone-a', 3)], 'every zone'],
    ['two gateways that do so together', [endpoint('zone-a', 2), endpoint('zone-b', 1)], 'every zone'],
    ['a gateway that weighs as much as the first zone', [endpoint('zone-a', 1)], 'the first zone alone'],
    ['a gateway that weighs as much as another zone', [endpoint('zone-b', 2)], 'something else'],
    ['a gateway in another zone that weighs as much as the first', [endpoint('zone-b', 1)], 'something else'],
    ['a gateway that weighs something else', [endpoint('zone-a', 2)], 'something else'],
    ['endpoints of other regions alone', [endpoint('zone-a', 3, 'region-v1')], 'something else'],
    ['none', [], 'something else'],
  ])('%s', (_, endpoints, counted) => {
    expect(countedIn(far, endpoints, 1)).toBe(counted)
  })

  test('where weights are scaled, as with two gateways', () => {
    expect(countedIn(far, [endpoint('zone-a', 3), endpoint('zone-a', 3)], 2)).toBe('every zone')
    expect(countedIn(far, [endpoint('zone-a', 1), endpoint('zone-a', 1)], 2)).toBe('the first zone alone')
  })

  test('on the client’s own network a zone that is missing is no known defect', () => {
    expect(countedIn({ ...far, otherNetwork: false }, [endpoint('zone-a', 1)], 1)).toBe('something else')
  })
})

test('weights are shares of their sum', () => {
  expect(sharesOf({ v1: 3, v2: 1 })).toEqual({ v1: 0.75, v2: 0.25 })
})

test('answers have shares where no count is a surprise and nothing else answers', () => {
  const half = { v1: 0.5, v2: 0.5 }
  expect(haveShares({ v1: 90, v2: 110 }, half, 200)).toBe(true)
  expect(haveShares({ v1: 150, v2: 50 }, half, 200)).toBe(false)
  expect(haveShares({ v1: 95, v2: 95, v3: 10 }, half, 200)).toBe(false)
  expect(haveShares({ v1: 200 }, half, 200)).toBe(false)
  expect(haveShares({ v1: 200 }, { v1: 1 }, 200)).toBe(true)
  expect(haveShares({ v1: 199 }, { v1: 1 }, 200)).toBe(false)
})
