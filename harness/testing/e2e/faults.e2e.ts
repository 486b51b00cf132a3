import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { faults } from '../../../fixtures/faults/index.ts'
import { findings } from '#diagnosis/findings.ts'
import { engineInfo } from '#engine/docker.ts'
import { sourceImages } from '#images/source/source.ts'
import { labOf, type Lab } from '#lab/lab.ts'
import { loadTopologyFile } from '#topology/topology-file.ts'
import { meshLayers } from '#results/mesh-layers.ts'
import { layers, type Results } from '#results/results.ts'
import { filesWithSecrets, secretsOf, textsIn } from './leaks.ts'
import { engineContents, meshproof } from './product.ts'

const checksOf = (results: Results | undefined) => results?.topologies[0]?.checks ?? []

const keepLab = async (topology: string): Promise<Lab> => {
  const { exitCode, output, results } = await meshproof([`--topology=${topology}`, '--keep', '--suite=net.*'])
  expect(exitCode, output).toBe(0)
  expect(output).toContain('kubectl')
  return labOf(
    results?.run.id ?? '',
    { ...(await loadTopologyFile(topology)), mtls: 'strict' },
    await sourceImages({}, await engineInfo(), () => undefined),
  )
}

describe('a kept lab in which something breaks', () => {
  let before: string[] = []
  let lab: Lab

  beforeAll(async () => {
    before = await engineContents()
    lab = await keepLab('gateway')
  }, 5 * 60_000)

  afterAll(async () => {
    await meshproof(['down'])
  })

  test.each(['different-roots', 'remote-secret-removed'])(
    '%s turns its check red and is named, with the first broken layer',
    async (name) => {
      const fault = faults.find((candidate) => candidate.name === name)!
      const undo = await fault.apply(lab)
      try {
        const { exitCode, output, results, folder } = await meshproof([
          '--topology=gateway',
          '--reuse',
          '--suite=net.*,trust.*,control.*,reach.both-versions',
        ])
        expect(exitCode, output).toBe(1)
        const red = checksOf(results).filter(({ verdict }) => verdict === 'fail')
        for (const [id, code] of Object.entries(fault.turnsRed)) {
          const check = red.find((candidate) => candidate.id === id)
          expect(check?.diagnosis?.code).toBe(code)
          const below = layers.slice(0, layers.indexOf(check?.layer ?? 'network'))
          expect(red.filter(({ layer }) => below.includes(layer)).map((failed) => failed.id)).toEqual([])
          expect(output).toContain(code)
        }
        // The cause is what the diagnosis of the mesh names; the checks that failed follow from it.
        const cause = fault.diagnosed ?? 'MP-892'
        expect(output).toContain(`first broken layer: ${meshLayers[findings[cause].layer]}  (${cause})`)
        expect(results?.topologies[0]?.diagnosis?.cause).toMatchObject({ code: cause, layer: findings[cause].layer })
        const bundle = join(folder, results?.topologies[0]?.bundle ?? 'there is none')
        expect(output).toContain(`support bundle: ${bundle}`)
        const secrets = await secretsOf(lab)
        // The form of keys and tokens, and every line of the keys and tokens of this lab: those of its certificate
        // authorities and of its kubeconfigs.
        expect(secrets.length).toBeGreaterThan(100)
        expect(await filesWithSecrets(bundle, secrets)).toEqual([])
        const texts = await textsIn(bundle)
        for (const expected of [
          /^cluster1\/istiod\/.*\/syncz\.json$/,
          /^cluster2\/proxies\/istio-system\/.*\/config_dump\.json\.gz$/,
          /^cluster2\/node\/routes\.txt$/,
          /^cluster1\/logs\/istio-system\/istiod/,
          /^cluster2\/events\.txt$/,
        ]) {
          expect(
            [...texts.keys()].filter((file) => expected.test(file)),
            String(expected),
          ).not.toEqual([])
        }
      } finally {
        await undo()
      }
    },
  )

  test('the repaired mesh is green again, and down leaves the engine as it was', async () => {
    const { exitCode, output, results } = await meshproof([
      '--topology=gateway',
      '--reuse',
      '--suite=control.*,reach.*',
    ])
    expect(exitCode, output).toBe(0)
    expect(results?.topologies[0]?.bundle).toBeUndefined()
    expect((await meshproof(['down'])).exitCode).toBe(0)
    expect(await engineContents()).toEqual(before)
  })
})

describe('a control plane that moves (shared-control-plane)', () => {
  afterAll(async () => {
    await meshproof(['down'])
  })

  test('is noticed when checks run again: its address is captured again, and the mesh is green', async () => {
    const lab = await keepLab('shared-control-plane')
    const fault = faults.find(({ name }) => name === 'address-not-captured-again')!
    await fault.apply(lab)
    const { exitCode, output } = await meshproof([
      '--topology=shared-control-plane',
      '--reuse',
      '--suite=control.*,reach.both-versions',
    ])
    expect(exitCode, output).toBe(0)
    expect(output).toMatch(/istiod’s pod has moved to \S+: captured again \(cluster2 held \S+\)/)
  })
})

describe('prove', () => {
  test(
    'breaks a lab of its own, finds every fault detected, and leaves nothing behind',
    { timeout: 10 * 60_000 },
    async () => {
      const before = await engineContents()
      const { exitCode, output } = await meshproof(['prove', '--topology=vpn', '--suite=net.*'])
      expect(exitCode, output).toBe(0)
      expect(output).toMatch(/^2 of 2 faults detected$/m)
      expect(await engineContents()).toEqual(before)
    },
  )
})
