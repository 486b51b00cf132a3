// Builds the kubectl plugin for krew: an archive for each platform, and the manifest that names them. meshproof is a
// program for Node and has dependencies, some of them compiled. krew installs only what is in an archive, so each
// archive is the package of `npm pack` with its dependencies for one platform. Node is not in it.
import { createHash } from 'node:crypto'
import { mkdtemp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { execa } from 'execa'
import { z } from 'zod'
import { krewManifest, type KrewPlatform } from './krew/manifest.ts'

const root = resolve(import.meta.dirname, '..')

/** The platforms, by the names that krew has for them, with those of npm. */
const platforms: (KrewPlatform['selector']['matchLabels'] & { cpu: string })[] = [
  { os: 'linux', arch: 'amd64', cpu: 'x64' },
  { os: 'linux', arch: 'arm64', cpu: 'arm64' },
  { os: 'darwin', arch: 'amd64', cpu: 'x64' },
  { os: 'darwin', arch: 'arm64', cpu: 'arm64' },
]

const { values, positionals } = parseArgs({
  options: { url: { type: 'string' }, to: { type: 'string', default: 'reports/krew' } },
  allowPositionals: true,
})
const { url, to } = values
const names = positionals.length > 0 ? positionals : platforms.map(({ os, arch }) => `${os}/${arch}`)
const wanted = platforms.filter(({ os, arch }) => names.includes(`${os}/${arch}`))
if (!url?.startsWith('https://') || wanted.length < names.length) {
  console.error(
    'usage: npm run krew -- --url=ADDRESS [--to=FOLDER] [linux/amd64 linux/arm64 darwin/amd64 darwin/arm64]',
  )
  console.error('The archives are published below the address, for example as files of a release.')
  process.exit(2)
}

const folder = resolve(to)
const scratch = await mkdtemp(join(tmpdir(), 'meshproof-krew-'))
try {
  await mkdir(folder, { recursive: true })
  await execa('npm', ['pack', '--loglevel=error', '--pack-destination', scratch], { cwd: root })
  const [packed = ''] = await readdir(scratch)
  await execa('tar', ['-xzf', packed], { cwd: scratch })
  const plugin = join(scratch, 'package')
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(await readFile(join(plugin, 'package.json'), 'utf8')))

  const entries: KrewPlatform[] = []
  for (const { os, arch, cpu } of wanted) {
    // The lockfile is not in the package. With it, every archive has the versions that the tests have.
    await rm(join(plugin, 'node_modules'), { recursive: true, force: true })
    await writeFile(join(plugin, 'package-lock.json'), await readFile(join(root, 'package-lock.json')))
    const flags = ['--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', '--no-bin-links']
    await execa('npm', ['ci', ...flags, `--os=${os}`, `--cpu=${cpu}`, '--libc=glibc'], { cwd: plugin })
    await rm(join(plugin, 'package-lock.json'))
    const name = `meshproof-${version}-${os}-${arch}.tar.gz`
    // The same content gives the same archive.
    const same = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner']
    await execa('tar', [...same, '--use-compress-program=gzip -n', '-cf', join(folder, name), '-C', plugin, '.'])
    const sha256 = createHash('sha256')
      .update(await readFile(join(folder, name)))
      .digest('hex')
    entries.push({
      selector: { matchLabels: { os, arch } },
      uri: `${url.replace(/\/$/, '')}/${name}`,
      sha256,
      bin: 'scripts/meshproof.mjs',
    })
    console.log(`written: ${join(to, name)}`)
  }

  await writeFile(join(folder, 'meshproof.yaml'), await krewManifest(version, entries))
  console.log(`written: ${join(to, 'meshproof.yaml')}`)
} finally {
  await rm(scratch, { recursive: true, force: true })
}
