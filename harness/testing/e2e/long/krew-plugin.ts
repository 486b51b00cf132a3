import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { execa } from 'execa'
import { parse } from 'yaml'
import type { z } from 'zod'
import { KrewManifest } from '../../../../scripts/krew/manifest.ts'

const root = resolve(import.meta.dirname, '../../../..')

/** The plugin of kubectl, as krew would install it. It is removed where its variable goes out of scope. */
export type KrewPlugin = AsyncDisposable & {
  /** What the manifest says about this platform. */
  platform: z.infer<typeof KrewManifest>['spec']['platforms'][number]
  /** The SHA-256 hash of the archive, in hexadecimal digits. */
  hash: string
  /** The folder in which krew unpacks the archive. */
  store: string
  /** Runs `kubectl meshproof …` by the kubectl of that path. */
  run: (
    kubectl: string,
    args: readonly string[],
  ) => Promise<{ exitCode: number | undefined; stdout: string; stderr: string }>
}

/** Builds the archive and the manifest for this platform, and installs the archive as krew does. */
export const krewPlugin = async (): Promise<KrewPlugin> => {
  const folder = await mkdtemp(join(tmpdir(), 'meshproof-krew-test-'))
  const arch = process.arch === 'x64' ? 'amd64' : 'arm64'
  const path = `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`
  const flags = ['--url=https://downloads.invalid/v1', `--to=${folder}`, `linux/${arch}`]
  await execa(process.execPath, [join(root, 'scripts/krew.ts'), ...flags], { cwd: root, env: { PATH: path } })

  const { spec } = KrewManifest.parse(parse(await readFile(join(folder, 'meshproof.yaml'), 'utf8')))
  const [platform] = spec.platforms
  if (platform === undefined) throw new Error('the manifest names no platform')
  const archive = join(folder, new URL(platform.uri).pathname.replace('/v1/', ''))

  // krew unpacks the archive, and puts a link to the program into a folder that is on PATH.
  const [store, bin] = [join(folder, 'store'), join(folder, 'bin')]
  for (const made of [store, bin]) await mkdir(made)
  await execa('tar', ['-xzf', archive, '-C', store])
  await symlink(join(store, platform.bin), join(bin, 'kubectl-meshproof'))
  return {
    platform,
    hash: createHash('sha256')
      .update(await readFile(archive))
      .digest('hex'),
    store,
    run: async (kubectl, args) => {
      const env = { PATH: `${bin}${delimiter}${path}` }
      const { exitCode, stdout, stderr } = await execa(kubectl, ['meshproof', ...args], {
        cwd: folder,
        env,
        reject: false,
      })
      return { exitCode, stdout, stderr }
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}
