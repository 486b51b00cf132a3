import { describe, expect, test } from 'vitest'
import { istioJudgeNames } from '#commands/judge/options.ts'
import { istioList } from './istio-list.ts'

describe('the list of Istio’s tests', () => {
  test('has each judge that can be named', async () => {
    const { judges } = await istioList()
    expect(judges.map(({ name }) => name)).toEqual([...istioJudgeNames])
  })

  test('has each test once: either it runs, or there is a reason why it does not', async () => {
    const { judges, leftOut } = await istioList()
    const listed = [...judges, ...leftOut].flatMap(({ package: folder, tests = ['all'] }) =>
      tests.map((name) => `${folder} ${name}`),
    )
    expect(listed.filter((name, index) => listed.indexOf(name) !== index)).toEqual([])
    expect(listed).toContain('pilot TestClusterLocal')
    expect(listed).toContain('security TestReachability')
    expect(listed).toContain('pilot TestTraffic')
  })

  test('leaves out subtests of tests that run', async () => {
    const { judges } = await istioList()
    for (const { tests, without } of judges)
      for (const { tests: pattern } of without) expect(tests).toContain(pattern.split('/')[0])
  })
})
