import { describe, expect, test } from 'vitest'
import { catalogue } from '../checks/catalogue.ts'
import type { EngineInfo } from '../engine/docker.ts'
import { labTasks } from '../lab/lab.ts'
import { emptyCache, errorOf } from '../testing/edge.ts'
import { idleLab } from '../testing/idle-lab.ts'
import { makePlans, selection } from './plan.ts'
import { topologyNames } from './topology-file.ts'

const ids = ['reach.local', 'reach.path', 'mtls.strict', 'reachXlocal']
const chosen = (...patterns: string[]): string[] => ids.filter(selection(patterns, ids))

describe('a selection', () => {
  test.each<[string[], string[]]>([
    [[], ids],
    [['reach.*'], ['reach.local', 'reach.path']],
    [['*.strict', 'reach.path'], ['reach.path', 'mtls.strict']],
    [['!reach.path'], ['reach.local', 'mtls.strict', 'reachXlocal']],
    [['reach.*', '!reach.path'], ['reach.local']],
    [['!reach.path', 'reach.*'], ['reach.local']],
    [['reach.local'], ['reach.local']],
  ])('of %j is %j', (patterns, expected) => {
    expect(chosen(...patterns)).toEqual(expected)
  })

  test.each([['reach.pat'], ['!reach.pat']])('of %s, which fits nothing, is refused with the nearest', (pattern) => {
    expect(() => chosen('mtls.*', pattern)).toThrow(expect.objectContaining({ code: 'MP-101', next: expect.stringContaining('“reach.path”') }))
  })

  test('that leaves nothing is refused', () => {
    expect(() => chosen('reach.path', '!reach.*')).toThrow(expect.objectContaining({ code: 'MP-103' }))
    expect(() => chosen('!*')).toThrow(expect.objectContaining({ code: 'MP-103' }))
  })
})

describe('plans', () => {
  test('of all are one for each topology, of a name that one once', async () => {
    const namesOf = async (...names: string[]): Promise<string[]> => (await makePlans(names, [], [])).map(({ topology }) => topology.name)
    expect(await namesOf('all')).toEqual((await topologyNames()).flatMap((name) => (name === 'vpn' ? [name, name] : [name])))
    expect(await namesOf('gateway', 'gateway')).toEqual(['gateway'])
  })

  test('hold every check of the catalogue, planned or with the reason why not', async () => {
    const checks = await catalogue()
    for (const { planned, skipped } of await makePlans(['all'], ['reach.*'], checks)) {
      expect(new Set([...planned, ...skipped].map(({ id }) => id))).toEqual(new Set(checks.map(({ id }) => id)))
      expect(planned.length).toBeGreaterThan(0)
      expect(planned.filter(({ id }) => !id.startsWith('reach.'))).toEqual([])
    }
  })

  test('have steps that come after what stands before them, each name once', async () => {
    await emptyCache()
    for (const { topology, procedure, steps } of await makePlans(['all'], [], [])) {
      const tasks = labTasks(await idleLab(topology.name), 'host/1/1', noEngine, procedure)
      const names = tasks.map(({ name }) => name)
      expect(names.slice(-steps.length)).toEqual(steps.map(({ name }) => name))
      expect(new Set(names).size).toBe(names.length)
      const tooEarly = tasks.flatMap(({ name, after = [] }, index) => after.filter((earlier) => !names.slice(0, index).includes(earlier)).map((earlier) => `${name} after ${earlier}`))
      expect(tooEarly).toEqual([])
    }
  })

  test('of a topology that does not exist are refused with the nearest', async () => {
    expect(await errorOf(makePlans(['gatway'], [], []))).toMatchObject({ code: 'MP-101', next: expect.stringContaining('“gateway”') })
  })

  test('of all and a name that does not exist are refused', async () => {
    expect(await errorOf(makePlans(['all', 'gatway'], [], []))).toMatchObject({ code: 'MP-101' })
  })
})

const noEngine: EngineInfo = {
  ServerVersion: '', Architecture: '', CgroupVersion: '', NCPU: 2, MemTotal: 0, OperatingSystem: '', DockerRootDir: '', DefaultRuntime: '', Driver: '', OSType: 'linux',
}
