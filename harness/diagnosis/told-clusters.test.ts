import { expect, test } from 'vitest'
import type { EnvoyCluster } from '#probes/envoy-clusters.ts'
import { obstacleIn } from './told-clusters.ts'

const sound: EnvoyCluster = {
  name: 'outbound|80||cart.shop.svc.cluster.local',
  discovery: 'EDS',
  connectTimeout: 10_000,
  closedBy: [],
  madeBy: '',
}

test.each<[string, Partial<EnvoyCluster>, string | undefined]>([
  ['as Istio makes it', {}, undefined],
  ['with a short timeout that suffices', { connectTimeout: 250 }, undefined],
  ['that goes where the client dialled (PASSTHROUGH)', { discovery: 'ORIGINAL_DST' }, 'MP-924'],
  ['of a ServiceEntry that resolves names', { discovery: 'STRICT_DNS' }, 'MP-924'],
  ['with a limit of 0', { closedBy: ['max_requests'] }, 'MP-998'],
  ['with a millisecond for a connection', { connectTimeout: 1 }, 'MP-998'],
])('a cluster of endpoints %s', (_what, told, code) => {
  expect(obstacleIn({ ...sound, ...told })?.code).toBe(code)
})
