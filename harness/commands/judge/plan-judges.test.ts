import { expect, test } from 'vitest'
import { emptyCache, errorOf } from '#testing/edge.ts'
import { variant } from '#testing/idle-lab.ts'
import { JudgeOptions } from './options.ts'
import { judgeLine, plannedJudges, planLab } from './plan-judges.ts'

const planned = (options: object) => planLab(JudgeOptions.parse(options))

test('a lab is planned with mutual TLS and without our checks', async () => {
  const { plan, reused } = await planned({ topology: 'multi-primary' })
  expect(plan.topology).toMatchObject({ name: 'multi-primary', mtls: 'strict' })
  expect(plan.planned).toEqual([])
  expect(plan.skipped).toEqual([])
  expect(plan.steps.length).toBeGreaterThan(5)
  expect(reused).toBeUndefined()
  expect(judgeLine(plan.topology, 'v1.6.3')).toBe('multi-primary: gateway-api v1.6.3 in cluster1, cluster2')
})

test.each([
  [{ topology: 'gateway', with: 'gatway-api' }, 'MP-101', 'gateway-api'],
  [{ topology: 'gatewya' }, 'MP-101', 'gateway'],
  [{ topology: 'gateway,vpn' }, 'MP-101', 'Name one'],
  [{}, 'MP-101', 'Name one'],
  [{ topology: 'gateway', istio: 'cluster1:1.31,cluster2:1.30' }, 'MP-167', 'every cluster is a primary'],
])('%j is refused with %s', async (options, code, next) => {
  expect(await errorOf(planned(options))).toMatchObject({ code, exitCode: 2, next: expect.stringContaining(next) })
})

test('a kept lab must exist', async () => {
  await emptyCache()
  expect(await errorOf(planned({ topology: 'gateway', reuse: true }))).toMatchObject({ code: 'MP-106' })
})

test('a remote cluster is not asked, and says why', async () => {
  const judges = plannedJudges(await variant('primary-remote'), 'v1.6.3')
  expect(judges).toMatchObject([
    { clusters: ['cluster1'], verdict: 'not-run' },
    { clusters: ['cluster2'], verdict: 'skipped', reason: expect.stringContaining('cluster1 alone') },
  ])
})
