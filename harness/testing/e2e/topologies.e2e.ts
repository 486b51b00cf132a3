import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { variantName } from '#results/results.ts'
import { catalogue } from '#run/catalogue.ts'
import { engineContents, meshproof } from './product.ts'

const example = 'fixtures/topologies/examples/three-clusters.yaml'

describe('every topology, from nothing', () => {
  let before: string[] = []

  beforeAll(async () => {
    before = await engineContents()
  })

  test('npm test passes every check that applies, and leaves nothing behind', { timeout: 20 * 60_000 }, async () => {
    const { exitCode, output, results, folder } = await meshproof(['--topology=all'], { through: 'npm' })
    expect(exitCode, output).toBe(0)
    expect(results?.topologies.map(variantName)).toEqual([
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
    const ids = catalogue.filter(({ upgrade, disrupts }) => !upgrade && !disrupts).map(({ id }) => id)
    for (const topology of results?.topologies ?? []) {
      expect(topology.verdict, variantName(topology)).toMatch(/^(pass|flaky)$/)
      expect([...new Set(topology.checks.map(({ id }) => id))].sort()).toEqual([...ids].sort())
      const run = topology.checks.filter(({ verdict }) => verdict !== 'skipped')
      expect(run.filter(({ verdict }) => verdict !== 'pass' && verdict !== 'flaky')).toEqual([])
      expect(run.every(({ attempts }) => attempts.every(({ evidence }) => evidence.length > 0))).toBe(true)
      expect(topology.checks.filter(({ verdict, reason }) => verdict === 'skipped' && reason === '')).toEqual([])
    }
    // “mtls.off-stays” needs two networks with mutual TLS off, which no topology of this project has.
    const passed = new Set(
      results?.topologies.flatMap(({ checks }) =>
        checks.filter(({ verdict }) => verdict !== 'skipped').map(({ id }) => id),
      ),
    )
    expect(ids.filter((id) => !passed.has(id))).toEqual(['mtls.off-stays'])

    for (const file of await readdir(folder)) {
      expect(await readFile(join(folder, file), 'utf8'), `${file} holds a key or a token`).not.toMatch(
        /PRIVATE KEY|eyJhbGciOi|client-key-data/,
      )
    }
    expect(await engineContents()).toEqual(before)
  })

  test('a topology of the user’s own: three clusters, two of them on one network', async () => {
    const { exitCode, output, results } = await meshproof([`--topology=${example}`])
    expect(exitCode, output).toBe(0)
    expect(results?.topologies.map(({ verdict }) => verdict)).toEqual([expect.stringMatching(/^(pass|flaky)$/)])
    const checks = results?.topologies[0]?.checks.filter(({ verdict }) => verdict !== 'skipped') ?? []
    expect(checks.filter(({ id }) => id === 'reach.both-versions').map(({ reason }) => reason)).toEqual(
      Array(3).fill(expect.stringMatching(/^37 of 37 {2}v1 \d+, v2 \d+, v3 \d+$/)),
    )
    expect(checks.filter(({ id }) => id === 'net.pods-routable').map(({ from }) => from)).toEqual([
      ['cluster1'],
      ['cluster2'],
    ])
    expect(await engineContents()).toEqual(before)
  })
})
