import { execa } from 'execa'
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { Results } from '#results/results.ts'
import { engineContents, meshproof } from './product.ts'

const ctrlC = (group: number): void => {
  process.kill(-group, 'SIGINT')
}

describe('a run that is stopped leaves nothing behind', () => {
  let before: string[] = []
  beforeAll(async () => {
    before = await engineContents()
  })

  test.each([
    ['while the clusters are created', 'network and node image', []],
    ['while Istio is installed', 'cluster1: pod network', []],
    ['while checks run', 'control.ready', []],
    ['while it cleans up', /\d s {2}checks/, ['--suite=net.*']],
  ])('Ctrl-C %s', async (_, after, flags) => {
    const { exitCode, output, results } = await meshproof(['--topology=gateway', ...flags], {
      disturb: { after, act: ctrlC },
    })
    expect(exitCode, output).toBe(130)
    expect(results?.run.interrupted).toBe(true)
    expect(results?.topologies[0]?.verdict).not.toBe('fail')
    expect(await engineContents()).toEqual(before)
  })

  test('Ctrl-C while images are built: the cache holds nothing that is incomplete', async () => {
    const cache = await mkdtemp(join(tmpdir(), 'meshproof-cache-'))
    const { exitCode, output } = await meshproof(['--topology=gateway', '--images=source'], {
      environment: { XDG_CACHE_HOME: cache },
      disturb: {
        after: 'Images: source',
        act: async (group) => {
          await sleep(1500)
          ctrlC(group)
        },
      },
    })
    expect(exitCode, output).toBe(130)
    const { stdout } = await execa('sh', ['-c', `ls -a ${cache}/meshproof/artifacts | grep -c '^.making' || true`])
    expect(stdout).toBe('0')
    expect(await engineContents()).toEqual(before)
  })

  test('SIGTERM to npm alone', async () => {
    const { exitCode, folder } = await meshproof(['--topology=gateway'], {
      through: 'npm',
      disturb: {
        after: 'cluster1: created',
        act: (group) => {
          process.kill(group, 'SIGTERM')
        },
      },
    })
    expect(exitCode).not.toBe(0)
    // npm does not wait for the process that it started.
    await expect.poll(engineContents, { timeout: 30_000, interval: 500 }).toEqual(before)
    await expect
      .poll(
        () =>
          readFile(join(folder, 'results.json'), 'utf8').then(
            (text) => Results.parse(JSON.parse(text)).run,
            () => undefined,
          ),
        { timeout: 10_000 },
      )
      .toMatchObject({ exitCode: 130, interrupted: true })
  })

  test('a second Ctrl-C ends the run at once, and the lab is still removed', async () => {
    const { exitCode, output, results } = await meshproof(['--topology=gateway'], {
      disturb: {
        after: 'cluster1: created',
        act: async (group) => {
          ctrlC(group)
          await sleep(1200)
          try {
            ctrlC(group)
          } catch {
            /* the run ended before the second Ctrl-C */
          }
        },
      },
    })
    expect(exitCode, output).toBe(130)
    expect(results?.run.interrupted).toBe(true)
    await expect.poll(engineContents, { timeout: 30_000, interval: 500 }).toEqual(before)
  })

  test('after kill -9 the next run removes the lab, and nothing that the harness did not create', async () => {
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
    try {
      await meshproof(['--topology=gateway'], {
        disturb: {
          after: 'cluster1: created',
          act: (group) => {
            process.kill(-group, 'SIGKILL')
          },
        },
      })
      expect(await engineContents()).not.toEqual(before)
      const next = await meshproof(['--topology=gateway', '--suite=net.gateway-open'])
      expect(next.exitCode, next.output).toBe(0)
      expect(next.output).toMatch(/Removed what the killed run \S+ had left/)
      await meshproof(['down', '--all'])
      expect((await engineContents()).filter((name) => !before.includes(name))).toEqual([`container ${foreign}`])
    } finally {
      await meshproof(['down', '--all'])
      await execa('docker', ['rm', '--force', '--volumes', foreign])
    }
  })
})
