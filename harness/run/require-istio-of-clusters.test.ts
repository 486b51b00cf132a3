import { expect, test } from 'vitest'
import { errorOf } from '#testing/edge.ts'
import { catalogue } from './catalogue.ts'
import { makePlans } from './plan.ts'
import { requireIstioOfClusters } from './require-istio-of-clusters.ts'

const requireIn = async (topology: string, istio: string | undefined): Promise<void> =>
  requireIstioOfClusters(await makePlans([topology], [], catalogue), istio)

test.each([
  ['multi-primary-multi-network', 'cluster1:1.31,cluster2:1.30'],
  ['multi-primary', 'cluster2:1.31,cluster1:1.30'],
  ['multi-primary', 'cluster1:1.31,cluster2:1.31'],
  ['gateway', '1.30'],
  ['gateway', undefined],
])('%s may have %s', async (topology, istio) => {
  await expect(requireIn(topology, istio)).resolves.toBeUndefined()
})

test.each([
  ['gateway', 'cluster1:1.31,cluster2:1.30', 'MP-167', 'cluster2 has no control plane of its own'],
  ['multi-primary', 'cluster1:1.31', 'MP-167', 'cluster2 has no version'],
  ['multi-primary', 'cluster1:1.31,cluster2:', 'MP-167', 'cluster2 has no version'],
  ['multi-primary', 'cluster1:1.31,cluster3:1.30', 'MP-101', 'cluster3'],
  ['multi-primary', 'cluster1:1.31.2,cluster2:1.29.1', 'MP-168', '2 minor versions apart'],
  ['multi-primary', 'cluster1:1.31.2,cluster2:latest', 'MP-168', 'not comparable'],
])('%s may not have %s: %s', async (topology, istio, code, why) => {
  expect(await errorOf(requireIn(topology, istio))).toMatchObject({ code, message: expect.stringContaining(why) })
})
