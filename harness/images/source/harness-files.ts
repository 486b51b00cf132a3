import { readdir, readFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { z } from 'zod'
import type { LayerFile } from './oci.ts'
import { recipeFolder } from './recipes.ts'

const root = resolve(import.meta.dirname, '../../..')

const Lockfile = z.object({
  packages: z.record(z.string(), z.object({ dev: z.boolean().optional(), devOptional: z.boolean().optional() })),
})

/** The folders of the packages that the harness runs with, by the lockfile: those of its development are left out. */
export const runtimePackages = (lockfile: unknown): string[] =>
  Object.entries(Lockfile.parse(lockfile).packages).flatMap(([folder, { dev, devOptional }]) =>
    folder === '' || dev === true || devOptional === true ? [] : [folder],
  )

/**
 * What no program of a package reads when it runs: TypeScript, maps, words for people, C, and programs for another
 * runtime.
 */
const idle = /\.([cm]?ts|map|md|markdown|c|cc|h|bare)$/i

/** What the harness is made of, without its tests and the recipes of images. */
const harness = [
  'harness',
  'suites',
  'fixtures',
  'scripts/meshproof.mjs',
  'scripts/with-node.mjs',
  'package.json',
  'package-lock.json',
]
const testing = /\.test\.ts$|^harness\/(e2e|testing)\/|^fixtures\/images\/[^/]+\//

/**
 * Every file that the harness’s image is built from (fixtures/images/meshproof/Dockerfile), by its path there; `base`
 * is Debian’s part as a tar file.
 */
export const harnessFiles = async (base: string): Promise<LayerFile[]> => {
  const packages = runtimePackages(JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')))
  const ofPackages = (await Promise.all(packages.map((folder) => filesIn(folder, (name) => name !== 'node_modules'))))
    .flat()
    .filter((path) => !idle.test(path))
  const own = (await Promise.all(harness.map((path) => filesIn(path, () => true))))
    .flat()
    .filter((path) => !testing.test(path))
  const recipe = (name: string): string => join(recipeFolder, 'meshproof', name)
  return [
    { from: base, to: 'base.tar', mode: 0o644 },
    { from: recipe('Dockerfile'), to: 'Dockerfile', mode: 0o644 },
    { from: recipe('meshproof'), to: 'program/meshproof', mode: 0o755 },
    // Where it stands, nothing is installed first (scripts/with-node.mjs).
    ...[...ofPackages, 'node_modules/.meshproof-lock'].map((path) => ({
      from: join(root, path),
      to: path,
      mode: path.endsWith('/bin/node') ? 0o755 : 0o644,
    })),
    ...own.map((path) => ({ from: join(root, path), to: `meshproof/${path}`, mode: 0o644 })),
  ]
}

/**
 * The files of a folder, or the file itself, by their paths from the root, in a fixed order; an optional package may
 * not be there.
 */
const filesIn = async (path: string, enters: (name: string) => boolean): Promise<string[]> => {
  const entries = await readdir(join(root, path), { withFileTypes: true }).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOTDIR' || error.code === 'ENOENT'))
      return error.code
    throw error
  })
  if (entries === 'ENOENT') return []
  if (typeof entries === 'string') return [path]
  const files = await Promise.all(
    entries.map(async (entry) => {
      const at = relative(root, join(root, path, entry.name))
      return entry.isDirectory() ? (enters(entry.name) ? filesIn(at, enters) : []) : entry.isFile() ? [at] : []
    }),
  )
  return files.flat().sort()
}
