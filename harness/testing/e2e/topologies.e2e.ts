import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { whyOnDemand } from '#checks/check.ts'
import { type TopologyResult, variantName } from '#results/results.ts'
import { catalogue } from '#run/catalogue.ts'
import { takeDownLabs } from './labs.ts'
import { engineContents, meshproof, type Outcome } from './product.ts'

const example = 'fixtures/topologies/examples/three-clusters.yaml'

// One run of them all. The user’s own topology comes last, so that its lab comes up while the checks of another run.
describe('every topology and one of the user’s own, from nothing', () => {
  let before: string[] = []
  let outcome: Outcome
  const topologies = (): TopologyResult[] => outcome.results?.topologies.slice(0, -1) ?? []
  const usersOwn = (): TopologyResult | undefined => outcome.results?.topologies.at(-1)

  beforeAll(async () => {
    await takeDownLabs()
    before = await engineContents()
    outcome = await meshproof([`--topology=all,${example}`], { through: 'npm' })
  }, 20 * 60_000)

  test('npm test passes every check that applies, and leaves nothing behind', async () => {
    const { exitCode, output, folder } = outcome
    expect(exitCode, output).toBe(0)
    expect(topologies().map(variantName)).toEqual([
      'vpn',
      'vpn with mutual TLS off',
      'shared-control-plane',
      'gateway',
      'primary-remote',
      'multi-primary',
      'multi-primary-multi-network',
      'external-control-plane',
    ])
    // Checks of an upgrade, and checks that run only when --suite names them, are not part of a run.
    const ids = catalogue.filter((head) => !head.upgrade && whyOnDemand(head) === undefined).map(({ id }) => id)
    for (const topology of topologies()) {
      expect(topology.verdict, variantName(topology)).toMatch(/^(pass|flaky)$/)
      expect([...new Set(topology.checks.map(({ id }) => id))].sort()).toEqual([...ids].sort())
      const run = topology.checks.filter(({ verdict }) => verdict !== 'skipped')
      expect(run.filter(({ verdict }) => verdict !== 'pass' && verdict !== 'flaky')).toEqual([])
      expect(run.every(({ attempts }) => attempts.every(({ evidence }) => evidence.length > 0))).toBe(true)
      expect(topology.checks.filter(({ verdict, reason }) => verdict === 'skipped' && reason === '')).toEqual([])
    }
    // “mtls.off-stays” needs two networks with mutual TLS off, which no topology of this project has.
    const passed = new Set(
      topologies().flatMap(({ checks }) => checks.filter(({ verdict }) => verdict !== 'skipped').map(({ id }) => id)),
    )
    expect(ids.filter((id) => !passed.has(id))).toEqual(['mtls.off-stays'])

    for (const file of await readdir(folder)) {
      expect(await readFile(join(folder, file), 'utf8'), `${file} holds a key or a token`).not.toMatch(
        /PRIVATE KEY|eyJhbGciOi|client-key-data/,
      )
    }
    expect(await engineContents()).toEqual(before)
  })

  test('a topology of the user’s own: three clusters, two of them on one network', () => {
    expect(outcome.exitCode, outcome.output).toBe(0)
    expect(usersOwn()?.verdict).toMatch(/^(pass|flaky)$/)
    const checks = usersOwn()?.checks.filter(({ verdict }) => verdict !== 'skipped') ?? []
    expect(checks.filter(({ id }) => id === 'reach.both-versions').map(({ reason }) => reason)).toEqual(
      Array(3).fill(expect.stringMatching(/^37 of 37 {2}v1 \d+, v2 \d+, v3 \d+$/)),
    )
    expect(checks.filter(({ id }) => id === 'net.pods-routable').map(({ from }) => from)).toEqual([
      ['cluster1'],
      ['cluster2'],
    ])
  })
})
