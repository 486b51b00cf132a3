import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { Results } from '#results/results.ts'
import { meshproof } from '#testing/e2e/product.ts'

test('Gateway API’s judge passes in every cluster with a control plane', { timeout: 30 * 60_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'meshproof-e2e-'))
  const { exitCode, output } = await meshproof([
    'judge',
    '--topology=multi-primary-multi-network',
    `--report-dir=${folder}`,
  ])
  expect(exitCode, output).toBe(0)
  const results = Results.parse(JSON.parse(await readFile(join(folder, 'results.json'), 'utf8')))
  const judges = results.topologies[0]?.judges ?? []
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
})
