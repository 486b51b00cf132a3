import { expect, test } from 'vitest'
import { meshproof } from '#testing/e2e/product.ts'

test('gateways of the Gateway API pass every check', { timeout: 15 * 60_000 }, async () => {
  const { exitCode, output, results } = await meshproof(['--topology=all', '--gateways=gateway-api'], {
    through: 'npm',
  })
  expect(exitCode, output).toBe(0)
  expect(results?.environment.gatewayApi).toMatch(/^v1\.\d+\.\d+$/)
  for (const { name, verdict } of results?.topologies ?? []) expect(verdict, name).toMatch(/^(pass|flaky)$/)
})

test.each(['in-place', 'revision'])(
  'an upgrade of gateways of the Gateway API ends well, %s',
  { timeout: 20 * 60_000 },
  async (strategy) => {
    const { exitCode, output, results } = await meshproof([
      'upgrade',
      '--topology=multi-primary-multi-network',
      '--from=1.30',
      '--to=1.31',
      `--strategy=${strategy}`,
      '--gateways=gateway-api',
    ])
    expect(exitCode, output).toBe(0)
    expect(results?.topologies[0]?.upgrade?.leftOut.map(({ phase }) => phase)).toEqual(
      strategy === 'in-place' ? ['P4', 'P7', 'P10', 'P11'] : ['P10', 'P11'],
    )
  },
)
