import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { faults } from '../../fixtures/faults/index.ts'
import { engineInfo } from '#engine/docker.ts'
import { sourceImages } from '#images/source/source.ts'
import { labOf, type Lab } from '#lab/lab.ts'
import { loadTopologyFile } from '#topology/topology-file.ts'
import { layers, type Results } from '#results/results.ts'
import { leaks, secretsOf, textsIn } from './leaks.ts'
import { engineContents, meshproof } from './product.ts'

const checksOf = (results: Results | undefined) => results?.topologies[0]?.checks ?? []

const keptLab = async (topology: string): Promise<Lab> => {
  const { exitCode, output, results } = await meshproof([`--topology=${topology}`, '--keep', '--suite=net.*'])
  expect(exitCode, output).toBe(0)
  expect(output).toContain('kubectl')
  return labOf(
    results?.run.id ?? '',
    { ...(await loadTopologyFile(topology)), mtls: 'strict' },
    await sourceImages({}, await engineInfo(), () => undefined),
  )
}

describe('a kept lab that somebody breaks', () => {
  let before: string[] = []
  let lab: Lab

  beforeAll(async () => {
    before = await engineContents()
    lab = await keptLab('gateway')
  }, 5 * 60_000)

  afterAll(async () => {
    await meshproof(['down'])
  })

  test.each(['different-roots', 'remote-secret-removed'])(
    '%s turns its check red and is named, with the first broken layer',
    async (name) => {
      const fault = faults.find((candidate) => candidate.name === name)!
      const mend = await fault.apply(lab)
      try {
        const { exitCode, output, results, folder } = await meshproof([
          '--topology=gateway',
          '--reuse',
          '--suite=net.*,trust.*,control.*,reach.both-versions',
        ])
        expect(exitCode, output).toBe(1)
        const red = checksOf(results).filter(({ verdict }) => verdict === 'fail')
        for (const [id, code] of Object.entries(fault.turnsRed)) {
          const check = red.find((one) => one.id === id)
          expect(check?.diagnosis?.code).toBe(code)
          const below = layers.slice(0, layers.indexOf(check?.layer ?? 'network'))
          expect(red.filter(({ layer }) => below.includes(layer)).map((one) => one.id)).toEqual([])
          expect(output).toContain(`first broken layer: ${check?.layer ?? ''}`)
          expect(output).toContain(code)
        }
        const bundle = join(folder, results?.topologies[0]?.bundle ?? 'there is none')
        expect(output).toContain(`support bundle: ${bundle}`)
        const secrets = await secretsOf(lab)
        // What keys and tokens look like, and every line of those of this very lab: its authorities’ and its
        // kubeconfigs’.
        expect(secrets.length).toBeGreaterThan(100)
        expect(await leaks(bundle, secrets)).toEqual([])
        const texts = await textsIn(bundle)
        for (const wanted of [
          /^cluster1\/istiod\/.*\/syncz\.json$/,
          /^cluster2\/proxies\/istio-system\/.*\/config_dump\.json\.gz$/,
          /^cluster2\/node\/routes\.txt$/,
          /^cluster1\/logs\/istio-system\/istiod/,
          /^cluster2\/events\.txt$/,
        ]) {
          expect(
            [...texts.keys()].filter((file) => wanted.test(file)),
            String(wanted),
          ).not.toEqual([])
        }
      } finally {
        await mend()
      }
    },
  )

  test('the mended mesh is green again, and down leaves the engine as it was', async () => {
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

  test('is noticed when checks begin again, its address captured again, and the mesh green', async () => {
    const lab = await keptLab('shared-control-plane')
    const moved = faults.find(({ name }) => name === 'address-not-captured-again')!
    await moved.apply(lab)
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
