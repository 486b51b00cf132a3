import { describe, expect, test } from 'vitest'
import { emptyCache, errorOf, fakeProgram } from '#testing/edge.ts'
import { variant } from '#testing/idle-lab.ts'
import { istioJudgeNames, judgeNames, JudgeOptions, judgesOf } from './options.ts'
import { judgeLines, judgesNeeded, judgeTime, plannedJudges, planLab, versionedJudges } from './plan-judges.ts'
import { requireConformance } from './programs.ts'

const planned = (options: object) => planLab(JudgeOptions.parse(options))

test('a lab is planned with mutual TLS and without our checks', async () => {
  const { plan, reused } = await planned({ topology: 'multi-primary' })
  expect(plan.topology).toMatchObject({ name: 'multi-primary', mtls: 'strict' })
  expect(plan.planned).toEqual([])
  expect(plan.skipped).toEqual([])
  expect(plan.steps.length).toBeGreaterThan(5)
  expect(reused).toBeUndefined()
})

describe('what is asked, and how long it takes, is told', () => {
  const told = async (options: object): Promise<string[]> => {
    const { plan } = await planned({ topology: 'multi-primary', ...options })
    const judges = await plannedJudges(plan.topology, await versionedJudges(JudgeOptions.parse(options)))
    return judgeLines(plan.topology, judges, await judgeTime(judges, JudgeOptions.parse(options)))
  }

  test('of some judges, whose programs are built first, and once', async () => {
    await emptyCache()
    await fakeProgram('go', `while [ "$1" != -o ]; do shift; done; echo > "$2"`)
    const lines = (before: string): string[] => [
      'multi-primary: gateway-api v1.6.3 in cluster1, cluster2; istio-locality 1.31-dev in cluster1, cluster2',
      `the judges take about 2 min on 2 cores${before}`,
    ]
    const options = { with: 'istio-locality,gateway-api' }
    expect(await told(options)).toEqual(lines('; before them their programs are built, once: about 8 min'))
    await requireConformance('v1.6.3', () => undefined)
    expect(await told(options)).toEqual(lines('; before them their programs are built, once: about 5 min'))
  })

  test('of all judges, unless some are named', async () => {
    await emptyCache()
    expect(await told({})).toEqual([
      expect.stringMatching(
        /gateway-api .* istio-multicluster .* istio-locality .* istio-security .* istio-traffic 1\.31-dev in /,
      ),
      'the judges take about 9 min on 2 cores; before them their programs are built, once: about 9 min',
    ])
  })

  test('of judges that are not asked, neither', async () => {
    await emptyCache()
    const judges = await versionedJudges(JudgeOptions.parse({ with: 'gateway-api,istio-traffic' }))
    const asked = await plannedJudges(await variant('external-control-plane'), judges)
    expect(judgesNeeded(judges, asked).map(({ name }) => name)).toEqual(['gateway-api'])
    expect(await judgeTime(asked, {})).toEqual({ building: 180, judging: 30 })
  })

  test('of a release without pinned tests, its refusal', async () => {
    expect(await errorOf(told({ istio: '1.19.0' }))).toMatchObject({ code: 'MP-370' })
    await emptyCache()
    expect(await told({ istio: 'cluster1:1.31,cluster2:1.30' })).toHaveLength(2)
  })
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

  test('of a lab are all, unless some are named', () => {
    expect(namesOf({})).toEqual([...judgeNames])
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
