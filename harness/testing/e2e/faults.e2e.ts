import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { faults } from '../../../fixtures/faults/index.ts'
import { findings } from '#diagnosis/findings.ts'
import { meshLayers } from '#results/mesh-layers.ts'
import { layers, type Results } from '#results/results.ts'
import { sharedLab, takesTurn } from './labs.ts'
import { filesWithSecrets, secretsOf, textsIn } from './leaks.ts'
import { engineContents, meshproof } from './product.ts'

const checksOf = (results: Results | undefined) => results?.topologies[0]?.checks ?? []

takesTurn('the engine')

describe('a kept lab in which something breaks', () => {
  const gateway = sharedLab('gateway')

  test.each(['different-roots', 'remote-secret-removed'])(
    '%s turns its check red and is named, with the first broken layer',
    async (name) => {
      const fault = faults.find((candidate) => candidate.name === name)!
      const { lab, flags } = gateway()
      const undo = await fault.apply(lab)
      try {
        const { exitCode, output, results, folder } = await meshproof([
          ...flags,
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
        // authorities and of its kubeconfigs. The elliptic keys among them have few lines.
        expect(secrets.length).toBeGreaterThan(50)
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

  test('the repaired mesh is green again', async () => {
    const { exitCode, output, results } = await meshproof([...gateway().flags, '--suite=net.*,control.*,reach.*'])
    expect(exitCode, output).toBe(0)
    expect(results?.topologies[0]?.bundle).toBeUndefined()
  })
})

// The last block on the lab: it takes it down.
describe('a run that is killed while another lab is kept', () => {
  takesTurn('a second lab')
  const gateway = sharedLab('gateway')

  test('is removed by the next run, and nothing that the harness did not create', async () => {
    const { stdout: image } = await execa('docker', [
      'images',
      '--format',
      '{{.Repository}}:{{.Tag}}',
      'meshproof/node',
    ])
    const foreign = 'meshproof-20200101-000000-cafe-cluster1-control-plane'
    await execa('docker', [
      'create',
      '--name',
      foreign,
      '--label',
      'io.x-k8s.kind.cluster=meshproof-20200101-000000-cafe-cluster1',
      image.split('\n')[0] ?? '',
    ])
    const { flags, engineBefore } = gateway()
    try {
      const before = await engineContents()
      await meshproof(['--topology=gateway'], {
        disturb: {
          after: 'cluster1: created',
          act: (group) => {
            process.kill(-group, 'SIGKILL')
          },
        },
      })
      expect(await engineContents()).not.toEqual(before)
      const next = await meshproof([...flags, '--suite=net.gateway-open'])
      expect(next.exitCode, next.output).toBe(0)
      expect(next.output).toMatch(/Removed what the killed run \S+ had left/)
      expect(await engineContents()).toEqual(before)

      // `down` removes the kept lab as well.
      for (const down of [['down'], ['down', '--all']]) {
        expect((await meshproof(down)).exitCode).toBe(0)
        expect((await engineContents()).filter((name) => !engineBefore.includes(name))).toEqual([
          `container ${foreign}`,
        ])
      }
    } finally {
      await execa('docker', ['rm', '--force', '--volumes', foreign])
    }
    expect(await engineContents()).toEqual(engineBefore)
  })
})
