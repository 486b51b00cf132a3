import { execa } from 'execa'
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { Results } from '#results/results.ts'
import { takesTurn } from './labs.ts'
import { engineContents, meshproof } from './product.ts'

takesTurn('the engine')

// The lab that is up first: it has neither gateways nor a load balancer.
const cheapest = '--topology=shared-control-plane'

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
    const { exitCode, output, results } = await meshproof([cheapest, ...flags], {
      disturb: { after, act: ctrlC },
    })
    expect(exitCode, output).toBe(130)
    expect(results?.run.interrupted).toBe(true)
    expect(results?.topologies[0]?.verdict).not.toBe('fail')
    expect(await engineContents()).toEqual(before)
  })

  test('Ctrl-C while images are built: the cache holds nothing that is incomplete', async () => {
    const cache = await mkdtemp(join(tmpdir(), 'meshproof-cache-'))
    const { exitCode, output } = await meshproof([cheapest, '--images=source'], {
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
    const { exitCode, folder } = await meshproof([cheapest], {
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
    const { exitCode, output, results } = await meshproof([cheapest], {
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
})
