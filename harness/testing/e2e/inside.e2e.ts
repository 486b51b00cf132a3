import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { harnessImage } from '#images/source/harness-image.ts'
import { takesTurn } from './labs.ts'
import { meshproof } from './product.ts'

// It adds an image to the engine.
takesTurn('the engine')

describe('the image of the harness', () => {
  test('is small, and works without root and with a read-only root file system', async () => {
    const built = await meshproof(['images', 'build', '--harness'])
    expect(built.exitCode, built.output).toBe(0)
    expect(built.output).toContain(harnessImage)
    const { stdout: size } = await execa('docker', ['image', 'inspect', '--format', '{{.Size}}', harnessImage])
    expect(Number(size)).toBeLessThanOrEqual(250e6)
    const { stdout } = await execa('docker', [
      'run',
      '--rm',
      '--read-only',
      '--tmpfs=/tmp',
      '--cap-drop=ALL',
      '--security-opt=no-new-privileges',
      '--network=none',
      harnessImage,
      'list',
    ])
    expect(stdout).toContain('reach.both-versions')
    const { stdout: user } = await execa('docker', ['image', 'inspect', '--format', '{{.Config.User}}', harnessImage])
    expect(user).toBe('65532:65532')
  })
})
