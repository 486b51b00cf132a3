import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { execa } from 'execa'
import { expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { cacheFolder } from '#images/cache.ts'
import { KrewManifest } from '../../../../scripts/krew/manifest.ts'

const root = resolve(import.meta.dirname, '../../../..')

test('the archive for krew has the checksum of its manifest, and kubectl runs what krew would install', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'meshproof-krew-test-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const arch = process.arch === 'x64' ? 'amd64' : 'arm64'
  const path = `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`
  const flags = ['--url=https://downloads.invalid/v1', `--to=${folder}`, `linux/${arch}`]
  await execa(process.execPath, [join(root, 'scripts/krew.ts'), ...flags], { cwd: root, env: { PATH: path } })

  const { spec } = KrewManifest.parse(parse(await readFile(join(folder, 'meshproof.yaml'), 'utf8')))
  const platform = spec.platforms[0]!
  const archive = join(folder, new URL(platform.uri).pathname.replace('/v1/', ''))
  const hash = createHash('sha256')
    .update(await readFile(archive))
    .digest('hex')
  expect(platform).toMatchObject({ sha256: hash, selector: { matchLabels: { os: 'linux', arch } } })

  // krew unpacks the archive, and puts a link to the program into a folder that is on PATH.
  const [store, bin] = [join(folder, 'store'), join(folder, 'bin')]
  for (const made of [store, bin]) await mkdir(made)
  await execa('tar', ['-xzf', archive, '-C', store])
  await symlink(join(store, platform.bin), join(bin, 'kubectl-meshproof'))
  expect(await readdir(store)).toContain('LICENSE')

  const artifacts = join(cacheFolder(), 'artifacts')
  const kubectl = (await readdir(artifacts)).find((name) => name.startsWith('kubectl-')) ?? ''
  const run = (...args: string[]) =>
    execa(join(artifacts, kubectl, 'kubectl'), ['meshproof', ...args], {
      cwd: folder,
      env: { PATH: `${bin}${delimiter}${path}` },
      reject: false,
    })
  expect(await run('list')).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('reach.both-versions') })
  expect(await run('diagnose', '--contexts=a,b', '--kubeconfig=none')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('MP-116'),
  })
})
