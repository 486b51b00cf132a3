import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { upgradeFaults } from '../../../../fixtures/upgrade-faults/index.ts'
import { loadTopologyFile } from '#topology/topology-file.ts'
import type { Upgrade } from '#results/results.ts'
import { upgradable } from '#commands/upgrade/upgrade-lab.ts'
import { impossible, verdictOf } from '#commands/upgrade/upgrade-fault.ts'
import { exitCodeOf } from '#commands/upgrade/verdict/verdict.ts'
import { meshproof, type Outcome } from '#testing/e2e/product.ts'

const runUpgrade = async (
  topology: string,
  strategy: string,
  ...flags: string[]
): Promise<Outcome & { upgrade: Upgrade | undefined }> => {
  const outcome = await meshproof([
    'upgrade',
    `--topology=${topology}`,
    '--from=1.30',
    '--to=1.31',
    `--strategy=${strategy}`,
    ...flags,
  ])
  return { ...outcome, upgrade: outcome.results?.topologies[0]?.upgrade }
}

/** How many of the requests with Istio’s default retries an upgrade lost. */
const lostOf = ({ probes, measured }: Upgrade): number => {
  const retried = new Set(
    probes
      .filter(({ retries, kind, expects }) => retries === 'default' && kind !== 'stream' && expects === 'answers')
      .map(({ id }) => id),
  )
  return measured.filter(({ probe }) => retried.has(probe)).reduce((sum, { lost }) => sum + lost, 0)
}

/** What the control planes and gateways say that they are, after a phase. Some probes keep the proxy they have. */
const istioIn = (upgrade: Upgrade | undefined, phase: string): string[] => [
  ...new Set(
    upgrade?.phases
      .find(({ id }) => id === phase)
      ?.releases.filter(({ workload }) => workload.startsWith('istio-system/'))
      .map(({ istio }) => istio),
  ),
]

const strategies = ['in-place', 'revision'] as const

describe.each(['gateway', 'vpn', 'primary-remote', 'multi-primary-multi-network'])(
  'a healthy upgrade of %s',
  (topology) => {
    test.each(strategies)('loses no request, %s', { timeout: 20 * 60_000 }, async (strategy) => {
      const { exitCode, output, upgrade, folder } = await runUpgrade(topology, strategy)
      expect(exitCode, output).toBe(0)
      expect(upgrade?.phases.map(({ verdict }) => verdict)).not.toContain('not-run')
      expect(upgrade?.verdict, output).toBe('pass')
      expect(upgrade && lostOf(upgrade)).toBe(0)
      expect([upgrade?.from.istio, upgrade?.to.istio]).toEqual(['1.30-dev', '1.31-dev'])
      expect(istioIn(upgrade, 'P1')).toEqual(['1.30-dev'])
      expect(istioIn(upgrade, 'P9')).toEqual(['1.31-dev'])
      expect((await stat(join(folder, 'report.html'))).size).toBeLessThan(2_000_000)
    })
  },
)

describe.each(['gateway', 'multi-primary-multi-network'])('beyond P9, on %s', (topology) => {
  test.each(strategies)(
    'the root is rotated and the upgrade rolled back, %s',
    { timeout: 20 * 60_000 },
    async (strategy) => {
      const { exitCode, output, upgrade } = await runUpgrade(topology, strategy, '--rotate-ca', '--rollback')
      expect(exitCode, output).toBe(0)
      expect(upgrade?.phases.map(({ id }) => id).slice(-2)).toEqual(['P10', 'P11'])
      expect(upgrade && lostOf(upgrade)).toBe(0)
      expect(istioIn(upgrade, 'P10')).toEqual(['1.31-dev'])
      expect(istioIn(upgrade, 'P11')).toEqual(['1.30-dev'])
    },
  )
})

describe.each(['multi-primary', 'multi-primary-multi-network'])('two releases in one mesh, %s', (topology) => {
  test.each([
    ['1.31', '1.30'],
    ['1.30', '1.31'],
  ])('cluster1 has %s and cluster2 has %s', { timeout: 20 * 60_000 }, async (first, second) => {
    const { exitCode, output, results } = await meshproof([
      `--topology=${topology}`,
      `--istio=cluster1:${first},cluster2:${second}`,
    ])
    expect(exitCode, output).toBe(0)
    expect(results?.environment.istio).toBe(`cluster1 ${first}-dev, cluster2 ${second}-dev`)
  })
})

describe('a faulty upgrade', () => {
  test.each(upgradeFaults.map((fault) => [fault.name, fault] as const))(
    '%s is reported with its cause',
    { timeout: 20 * 60_000 },
    async (name, fault) => {
      const topology = upgradable(
        await loadTopologyFile('gateway').then((file) => ({ ...file, mtls: 'strict' as const })),
      )
      const strategy =
        strategies.find((candidate) => impossible(fault, topology, candidate) === undefined) ?? 'in-place'
      const { exitCode, output } = await runUpgrade('gateway', strategy, `--fault=${name}`)
      expect(exitCode, output).toBe(exitCodeOf(verdictOf(fault)))
      expect(output).toContain(
        fault.names === 'nothing'
          ? `✓ ${name}: the upgrade passes all the same`
          : `✓ ${name}: the report names it, ${fault.names}`,
      )
    },
  )
})

test('a disrupted mesh passes the resilience checks', { timeout: 30 * 60_000 }, async () => {
  const { exitCode, output, results } = await meshproof(['--suite=resilience.*', '--topology=gateway'])
  expect(exitCode, output).toBe(0)
  expect(
    results?.topologies[0]?.checks.filter(({ id, verdict }) => id.startsWith('resilience.') && verdict !== 'pass'),
  ).toEqual([])
})
