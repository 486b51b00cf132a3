import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import ownPackage from '../../../package.json' with { type: 'json' }
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

  test('says what it is and what it is made of', async () => {
    const { stdout: labels } = await execa('docker', [
      'image',
      'inspect',
      '--format',
      '{{json .Config.Labels}}',
      harnessImage,
    ])
    expect(JSON.parse(labels)).toMatchObject({
      'org.opencontainers.image.title': 'meshproof',
      'org.opencontainers.image.version': ownPackage.version,
      'org.opencontainers.image.licenses': 'Apache-2.0',
      'org.opencontainers.image.revision': expect.stringMatching(/^[0-9a-f]{40}(-dirty)?$/),
    })
    const script = "process.stdout.write(require('fs').readFileSync('/opt/meshproof/sbom.spdx.json'))"
    const node = ['--entrypoint=/opt/meshproof/node_modules/node/bin/node', harnessImage, '--eval', script]
    const { stdout: bill } = await execa('docker', ['run', '--rm', '--network=none', ...node])
    const { packages } = z.object({ packages: z.array(z.object({ name: z.string() })) }).parse(JSON.parse(bill))
    expect(packages.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['node', 'commander', 'libc6', 'base-files']),
    )
  })
})
