import { expect, test } from 'vitest'
import { partOf } from './releases.ts'

test.each([
  ['istio-system/istiod-98cfbdd78-tfbs6', '', 'controlPlanes'],
  ['istio-system/istiod-1-31-dev-98cfbdd78-tfbs6', '', 'controlPlanes'],
  ['istio-system/istio-eastwestgateway-5f666c8d6f-tshh7', '1.39.3', 'gateways'],
  ['app1/sleep-5966d5fc95-rtrkd', '1.39.3', 'workloads'],
  ['app1/prober-5966d5fc95-rtrkd', '1.38.3', 'kept'],
  ['app1/prober-stranger-5966d5fc95-rtrkd', '1.38.3', 'kept'],
  // Restarted with the workloads, and named like those that are not.
  ['app1/prober-restarted-5966d5fc95-rtrkd', '1.39.3', 'workloads'],
])('%s is one of the %s', (workload, envoy, part) => {
  expect(partOf({ workload, envoy })).toBe(part)
})
