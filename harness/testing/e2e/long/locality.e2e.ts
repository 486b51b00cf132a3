import { expect, test } from 'vitest'
import { meshproof } from '#testing/e2e/product.ts'

/** The verdict of each check, by its id, with the known issue that it meets. */
const verdictsOf = (results: Awaited<ReturnType<typeof meshproof>>['results']): Record<string, string> =>
  Object.fromEntries(
    (results?.topologies ?? []).flatMap(({ checks }) =>
      checks
        .filter(({ layer }) => layer === 'locality')
        .map(({ id, verdict, knownIssue }) => [id, [verdict, knownIssue?.issue].filter(Boolean).join(' ')]),
    ),
  )

test('across networks, zones of another cluster meet istio/istio#56355', { timeout: 10 * 60_000 }, async () => {
  const { exitCode, output, results } = await meshproof(['--topology=gateway', '--suite=locality.*'])
  expect(verdictsOf(results), output).toEqual({
    'locality.failover': 'pass',
    'locality.distribute': 'pass',
    'locality.weights': 'fail istio/istio#56355',
  })
  expect(exitCode).toBe(1)
  expect(output).toContain('known issue istio/istio#56355 (Istio 1.30, 1.31)')
})

test('on one network every zone counts', { timeout: 10 * 60_000 }, async () => {
  const { exitCode, output, results } = await meshproof(['--topology=vpn', '--mtls=strict', '--suite=locality.*'])
  expect(verdictsOf(results), output).toEqual({
    'locality.failover': 'pass',
    'locality.distribute': 'pass',
    'locality.weights': 'pass',
  })
  expect(exitCode).toBe(0)
})

test.each(['vpn', 'gateway'])('what breaks localities is noticed: %s', { timeout: 15 * 60_000 }, async (topology) => {
  const { exitCode, output } = await meshproof(['prove', `--topology=${topology}`, '--suite=locality.*'])
  expect(output).toContain('✓ no-outlier-detection  locality.failover MP-785')
  expect(exitCode, output).toBe(0)
})
