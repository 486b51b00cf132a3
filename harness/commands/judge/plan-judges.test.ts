import { describe, expect, test } from 'vitest'
import { emptyCache, errorOf } from '#testing/edge.ts'
import { variant } from '#testing/idle-lab.ts'
import { istioJudgeNames, JudgeOptions, judgesOf } from './options.ts'
import { judgeLine, plannedJudges, planLab, versionedJudges } from './plan-judges.ts'

const planned = (options: object) => planLab(JudgeOptions.parse(options))

test('a lab is planned with mutual TLS and without our checks', async () => {
  const { plan, reused } = await planned({ topology: 'multi-primary' })
  expect(plan.topology).toMatchObject({ name: 'multi-primary', mtls: 'strict' })
  expect(plan.planned).toEqual([])
  expect(plan.skipped).toEqual([])
  expect(plan.steps.length).toBeGreaterThan(5)
  expect(reused).toBeUndefined()
  const judges = await versionedJudges(JudgeOptions.parse({ with: 'istio-locality,gateway-api' }))
  expect(judgeLine(plan.topology, await plannedJudges(plan.topology, judges))).toBe(
    'multi-primary: gateway-api v1.6.3 in cluster1, cluster2; istio-locality 1.31-dev in cluster1, cluster2',
  )
})

test.each([
  [{ topology: 'gateway', with: 'gatway-api' }, 'MP-101', 'gateway-api'],
  [{ topology: 'gateway', with: 'istio,mesh' }, 'MP-101', 'istio-traffic'],
  [{ contexts: 'east,west', with: 'istio' }, 'MP-376', '--with=gateway-api'],
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

const gatewayApi = [{ name: 'gateway-api', version: 'v1.6.3' }] as const

test('a remote cluster is not asked, and says why', async () => {
  const judges = await plannedJudges(await variant('primary-remote'), gatewayApi)
  expect(judges).toMatchObject([
    { clusters: ['cluster1'], verdict: 'not-run' },
    { clusters: ['cluster2'], verdict: 'skipped', reason: expect.stringContaining('cluster1 alone') },
  ])
})

describe('the judges', () => {
  const namesOf = (options: object) => judgesOf(JudgeOptions.parse(options))

  test('of a lab are those that end soon, unless others are named', () => {
    expect(namesOf({})).toEqual(['gateway-api', 'istio-multicluster', 'istio-locality'])
    expect(namesOf({ with: 'istio' })).toEqual([...istioJudgeNames])
    expect(namesOf({ with: 'istio,gateway-api,istio-traffic' })).toEqual(['gateway-api', ...istioJudgeNames])
  })

  test('of existing clusters change nothing of the mesh', () => {
    expect(namesOf({ contexts: 'east,west' })).toEqual(['gateway-api'])
  })

  test('have the version of what they judge', async () => {
    expect(await versionedJudges(JudgeOptions.parse({ istio: '1.30', with: 'gateway-api,istio-traffic' }))).toEqual([
      { name: 'gateway-api', version: expect.stringMatching(/^v1\./) },
      { name: 'istio-traffic', version: '1.30' },
    ])
  })

  test('of Istio’s tests are asked about all clusters together, or about each with a control plane', async () => {
    const mesh = await variant('primary-remote')
    const judges = await plannedJudges(mesh, [
      { name: 'istio-multicluster', version: '1.31' },
      { name: 'istio-locality', version: '1.31' },
    ])
    expect(judges).toMatchObject([
      { judge: 'istio-multicluster', clusters: ['cluster1', 'cluster2'], verdict: 'not-run' },
      { judge: 'istio-locality', clusters: ['cluster1'], verdict: 'not-run' },
    ])
  })

  test('made of Istio’s tests do not know an external control plane', async () => {
    const judges = await plannedJudges(await variant('external-control-plane'), [
      { name: 'istio-traffic', version: '1.31' },
    ])
    expect(judges).toMatchObject([{ verdict: 'skipped', reason: expect.stringContaining('external control plane') }])
  })
})
