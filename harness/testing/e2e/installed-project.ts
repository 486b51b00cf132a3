import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { execa } from 'execa'

const root = resolve(import.meta.dirname, '../../..')

/** The Node of this run comes first on PATH, since the machine’s own may be too old for an installed package. */
export const withThisNode = { PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}` }

/** A project that has installed the package which `npm pack` makes of this checkout. */
export type InstalledProject = {
  folder: string
  /** The name of the packed file, in the folder. */
  archive: string
  remove: () => Promise<void>
}

/** Packs this checkout and installs the file in a new project. The project stays until `remove`. */
export const installedProject = async (): Promise<InstalledProject> => {
  const folder = await mkdtemp(join(tmpdir(), 'meshproof-package-'))
  await execa('npm', ['pack', '--pack-destination', folder], { cwd: root, env: withThisNode })
  const archive = (await readdir(folder)).find((name) => name.endsWith('.tgz')) ?? ''
  await writeFile(join(folder, 'package.json'), '{ "name": "project", "private": true, "type": "module" }')
  const flags = ['--save-dev', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund']
  // npm has hung before its first request, once in nine times. It gets a second chance.
  const install = (): Promise<unknown> =>
    execa('npm', ['install', ...flags, `./${archive}`], { cwd: folder, env: withThisNode, timeout: 100_000 })
  await install().catch(install)
  return { folder, archive, remove: () => rm(folder, { recursive: true, force: true }) }
}
