import { mkdtemp, readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { istioList } from '#commands/judge/istio/istio-list.ts'
import { moduleFolder } from '#images/source/go.ts'
import { type JudgeResult, Results } from '#results/results.ts'
import { meshproof } from '#testing/e2e/product.ts'

const judgesAfter = async (flags: string[]): Promise<{ judges: JudgeResult[]; folder: string }> => {
  const folder = await mkdtemp(join(tmpdir(), 'meshproof-e2e-'))
  const { exitCode, output } = await meshproof([
    'judge',
    '--topology=multi-primary-multi-network',
    `--report-dir=${folder}`,
    ...flags,
  ])
  expect(exitCode, output).toBe(0)
  const results = Results.parse(JSON.parse(await readFile(join(folder, 'results.json'), 'utf8')))
  return { judges: results.topologies[0]?.judges ?? [], folder }
}

test(
  'the usual judges pass: Gateway API’s in every cluster, and two of Istio’s',
  { timeout: 30 * 60_000 },
  async () => {
    const { judges: every, folder } = await judgesAfter([])
    const judges = every.filter(({ judge }) => judge === 'gateway-api')
    expect(judges.map(({ clusters }) => clusters)).toEqual([['cluster1'], ['cluster2']])
    for (const { verdict, levels, tests, report = '', reason } of judges) {
      expect(verdict, reason).toBe('pass')
      expect(levels).toMatchObject([
        { name: 'core', result: 'success', passed: 7, failed: 0 },
        { name: 'extended', result: 'success', passed: 7, failed: 0 },
      ])
      expect(tests.filter((judged) => judged.verdict === 'pass')).toHaveLength(19)
      expect(parse(await readFile(join(folder, report), 'utf8'))).toMatchObject({ kind: 'ConformanceReport' })
    }
    const others = every.filter(({ judge }) => judge !== 'gateway-api')
    expect(others.map(({ judge, clusters, verdict, tests }) => [judge, clusters, verdict, tests.length])).toEqual([
      ['istio-multicluster', ['cluster1', 'cluster2'], 'pass', 8],
      ['istio-locality', ['cluster1'], 'pass', 10],
      ['istio-locality', ['cluster2'], 'pass', 10],
    ])
  },
)

test.each(['istio-security', 'istio-traffic'])('the judge %s passes', { timeout: 60 * 60_000 }, async (name) => {
  const { judges } = await judgesAfter([`--with=${name}`, '--timeout=3000'])
  expect(judges).toMatchObject([{ judge: name, verdict: 'pass' }])
  expect(judges[0]?.tests.filter(({ verdict }) => verdict === 'pass').length).toBeGreaterThan(300)
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
