import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { sharedLab, takesTurn } from './labs.ts'
import { engineContents, meshproof } from './product.ts'

takesTurn('the engine')
takesTurn('a second lab')

describe('a run that is killed while another lab is kept', () => {
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
