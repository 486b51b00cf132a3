import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadRelease, pinnedVersions, planOf } from '#images/release/release-plan.ts'
import { meshproof } from '#testing/e2e/product.ts'
import { startRegistry, type Registry } from '../../../../scripts/rehearsal/registry.ts'
import { removePulled, startStage, type Stage } from '../../../../scripts/rehearsal/stage.ts'

describe('a mirror of a publisher on this machine', () => {
  let folder: string
  let stage: Stage
  let mirror: Registry
  let pins: string[]
  let place: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'meshproof-mirror-'))
    stage = await startStage(console.log, () => undefined)
    // The publisher deletes its own pins when it stops.
    await copyFile(stage.pins, join(folder, 'pins.yaml'))
    pins = [`--pins=${join(folder, 'pins.yaml')}`]
    const storage = join(folder, 'storage')
    await mkdir(storage)
    mirror = await startRegistry({ arch: stage.arch, port: 15503, storage })
    place = `${mirror.host}/mesh`
  }, 30 * 60_000)
  afterAll(async () => {
    // A test has stopped it already, unless one failed.
    await mirror.stop().catch(() => undefined)
    await stage.stop()
    await removeImages()
    await rm(folder, { recursive: true })
  }, 2 * 60_000)

  /** Removes from the engine every image that comes from the pinned ones. */
  const removeImages = async (): Promise<void> => {
    const release = await loadRelease(join(folder, 'pins.yaml'))
    const { preloaded, files } = await planOf(release, pinnedVersions(release), stage.arch)
    await execa('docker', ['rmi', preloaded, files], { reject: false })
    await removePulled(mirror.host)
    // Images that are pulled from a mirror get their published names.
    await removePulled(stage.registry)
  }

  test(
    'is filled by the first run: a second run copies nothing, and every image has the pinned digest',
    { timeout: 20 * 60_000 },
    async () => {
      const first = await meshproof(['images', 'mirror', `--to=${place}`, ...pins])
      expect(first.exitCode, first.output).toBe(0)
      expect(first.output).toMatch(/^9 copied, 0 there already$/m)
      const second = await meshproof(['images', 'mirror', `--to=${place}`, ...pins])
      expect(second.exitCode, second.output).toBe(0)
      expect(second.output).toMatch(/^0 copied, 9 there already$/m)
      console.log(`mirrored in ${first.seconds.toFixed(1)} s, and again in ${second.seconds.toFixed(1)} s`)
      const verified = await meshproof(['images', 'verify', `--registry=${place}`, ...pins])
      expect(verified.exitCode, verified.output).toBe(0)
      expect(verified.output).toMatch(/^9 as they should be, 0 not$/m)
    },
  )

  test(
    'is enough for a lab when the publisher is gone and this machine has none of its images',
    { timeout: 20 * 60_000 },
    async () => {
      await stage.stop()
      await removeImages()
      const flags = ['--topology=primary-remote', '--images=release', ...pins]
      const environment = { XDG_CACHE_HOME: join(folder, 'cache') }
      const without = await meshproof([...flags, '--suite=net.*'], { environment })
      expect(without.exitCode, without.output).toBe(2)
      expect(without.output).toContain(`MP-320  ${stage.registry} does not answer`)

      const { exitCode, output, results } = await meshproof([...flags, `--registry=${place}`], {
        through: 'npm',
        environment,
      })
      expect(exitCode, output).toBe(0)
      expect(results?.topologies.map(({ verdict }) => verdict)).toEqual([expect.stringMatching(/^(pass|flaky)$/)])
      expect(results?.environment).toMatchObject({ istio: stage.istio, kubernetes: stage.kubernetes })
    },
  )

  test('makes an archive that is enough for a machine without a network', { timeout: 20 * 60_000 }, async () => {
    const archive = join(folder, 'meshproof.tar')
    const saved = await meshproof(['images', 'save', archive, `--registry=${place}`, ...pins])
    expect(saved.exitCode, saved.output).toBe(0)
    await mirror.stop()
    await removeImages()
    const environment = { XDG_CACHE_HOME: join(folder, 'other-cache') }
    const loaded = await meshproof(['images', 'load', archive], { environment })
    expect(loaded.exitCode, loaded.output).toBe(0)
    // The flags that the last line of the command names.
    const [, flags = ''] = /^next: meshproof test (.*)$/m.exec(saved.output) ?? []
    const { exitCode, output } = await meshproof(['--topology=gateway', '--suite=net.*,reach.*', ...flags.split(' ')], {
      environment,
    })
    expect(exitCode, output).toBe(0)
  })
})
