import { readFile } from 'node:fs/promises'
import { ExecaError } from 'execa'
import { execa } from '#programs.ts'
import { MeshproofError, reasonOf } from '#errors.ts'

/** True for root on a system of the Debian family. Elsewhere the harness does not install packages. */
export const mayInstallPackages = async (): Promise<boolean> => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '')
  return /^ID(_LIKE)?=.*debian/m.test(release)
}

/** True when a program is on PATH. */
export const isInstalled = async (program: string): Promise<boolean> => {
  const found = await execa('sh', ['-c', 'command -v "$1"', 'sh', program], { reject: false })
  return found.exitCode === 0
}

/**
 * Installs distribution packages without asking questions.
 * @throws MeshproofError MP-206 when apt fails.
 */
export const installPackages = async (packages: string[], signal?: AbortSignal): Promise<void> => {
  const options = {
    stdin: 'ignore',
    env: { DEBIAN_FRONTEND: 'noninteractive' },
    ...(signal ? { cancelSignal: signal } : {}),
  } as const
  try {
    await execa('apt-get', ['update', '--quiet'], options)
    await execa('apt-get', ['install', '--yes', '--quiet', '--no-install-recommends', ...packages], options)
  } catch (error) {
    if (error instanceof ExecaError && error.isCanceled) throw error
    const output = error instanceof ExecaError ? (error.stderr ?? '') : ''
    throw new MeshproofError('MP-206', {
      what: `Packages could not be installed: ${packages.join(', ')}`,
      why: output.split('\n').findLast((line) => line.startsWith('E:')) ?? reasonOf(error),
      next: `apt-get update && apt-get install ${packages.join(' ')}`,
      cause: error,
    })
  }
}
