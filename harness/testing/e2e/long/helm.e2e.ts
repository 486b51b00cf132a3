import { expect, test } from 'vitest'
import { topologyNames } from '#topology/topology-file.ts'
import { meshproof } from '#testing/e2e/product.ts'

test('every topology passes where Helm installs it', { timeout: 20 * 60_000 }, async () => {
  const { exitCode, output, results } = await meshproof(['--topology=all', '--installer=helm'], { through: 'npm' })
  expect(exitCode, output).toBe(0)
  expect(results?.environment.installer).toBe('helm')
  expect(new Set(results?.topologies.map(({ name }) => name))).toEqual(new Set(await topologyNames()))
  for (const { name, verdict } of results?.topologies ?? []) expect(verdict, name).toMatch(/^(pass|flaky)$/)
})

test.each(['in-place', 'revision'])('an upgrade by Helm ends well, %s', { timeout: 20 * 60_000 }, async (strategy) => {
  const { exitCode, output, results } = await meshproof([
    'upgrade',
    '--topology=gateway',
    '--from=1.30',
    '--to=1.31',
    `--strategy=${strategy}`,
    '--installer=helm',
  ])
  expect(exitCode, output).toBe(0)
  expect(results?.environment.installer).toBe('helm')
})
