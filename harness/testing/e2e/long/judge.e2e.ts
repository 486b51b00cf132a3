import { mkdtemp, readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { istioList } from '#commands/judge/istio/istio-list.ts'
import { moduleFolder } from '#images/source/go.ts'
import { type JudgeResult, Results } from '#results/results.ts'
import { meshproof } from '#testing/e2e/product.ts'

test('all judges pass: Gateway API’s and Istio’s', { timeout: 60 * 60_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'meshproof-e2e-'))
  const { exitCode, output } = await meshproof([
    'judge',
    '--topology=multi-primary-multi-network',
    `--report-dir=${folder}`,
  ])
  expect(exitCode, output).toBe(0)
  const { topologies } = Results.parse(JSON.parse(await readFile(join(folder, 'results.json'), 'utf8')))
  const judges = topologies[0]?.judges ?? []
  const passed = ({ tests }: JudgeResult): number => tests.filter(({ verdict }) => verdict === 'pass').length

  const ofGatewayApi = judges.filter(({ judge }) => judge === 'gateway-api')
  expect(ofGatewayApi.map(({ clusters }) => clusters)).toEqual([['cluster1'], ['cluster2']])
  for (const judged of ofGatewayApi) {
    const { verdict, levels, report = '', reason } = judged
    expect(verdict, reason).toBe('pass')
    expect(levels).toMatchObject([
      { name: 'core', result: 'success', passed: 7, failed: 0 },
      { name: 'extended', result: 'success', passed: 7, failed: 0 },
    ])
    expect(passed(judged)).toBe(19)
    expect(parse(await readFile(join(folder, report), 'utf8'))).toMatchObject({ kind: 'ConformanceReport' })
  }
  const ofIstio = judges.filter(({ judge }) => judge !== 'gateway-api')
  expect(ofIstio.map((judged) => [judged.judge, judged.clusters, judged.verdict])).toEqual([
    ['istio-multicluster', ['cluster1', 'cluster2'], 'pass'],
    ['istio-locality', ['cluster1'], 'pass'],
    ['istio-locality', ['cluster2'], 'pass'],
    ['istio-security', ['cluster1', 'cluster2'], 'pass'],
    ['istio-traffic', ['cluster1', 'cluster2'], 'pass'],
  ])
  const [multicluster, locality, second, security, traffic] = ofIstio.map(passed)
  expect([multicluster, locality, second]).toEqual([8, 10, 10])
  expect(security).toBeGreaterThan(1500)
  expect(traffic).toBeGreaterThan(500)
})

test('the list has every test of Istio’s packages that accepts several clusters', async () => {
  const { judges, leftOut } = await istioList()
  const source = join(await moduleFolder('istio', 'istio.io/istio'), 'tests/integration')
  for (const folder of ['pilot', 'security']) {
    const files = (await readdir(join(source, folder))).filter((file) => file.endsWith('_test.go'))
    const texts = await Promise.all(files.map((file) => readFile(join(source, folder, file), 'utf8')))
    const tests = texts.flatMap((text) =>
      text
        .split(/^func (?=Test)/m)
        .slice(1)
        .map((body) => ({
          name: /^Test\w+/.exec(body)?.[0] ?? '',
          alone: body.split(/^}/m)[0]?.includes('RequiresSingleCluster') ?? false,
        }))
        .filter(({ name }) => name !== 'TestMain'),
    )
    const listed = [...judges, ...leftOut].flatMap(({ package: of, tests: names = [] }) => (of === folder ? names : []))
    expect(tests.filter(({ name, alone }) => !alone && !listed.includes(name))).toEqual([])
    expect(listed.filter((name) => !tests.some((known) => known.name === name))).toEqual([])
    const below = (await readdir(join(source, folder), { withFileTypes: true })).filter((entry) => entry.isDirectory())
    for (const { name } of below) {
      const tested = (await readdir(join(source, folder, name))).some((file) => file.endsWith('_test.go'))
      if (tested) expect(leftOut.map((left) => left.package)).toContain(`${folder}/${name}`)
    }
  }
})
