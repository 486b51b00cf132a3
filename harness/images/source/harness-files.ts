import { readdir, readFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { z } from 'zod'
import type { LayerFile } from './oci.ts'
import { recipeFolder } from './recipes.ts'

const root = resolve(import.meta.dirname, '../../..')

const Lockfile = z.object({
  packages: z.record(z.string(), z.object({ dev: z.boolean().optional(), devOptional: z.boolean().optional() })),
})

/** The folders of the packages that the harness needs to run, according to the lockfile. */
export const runtimePackages = (lockfile: unknown): string[] =>
  Object.entries(Lockfile.parse(lockfile).packages).flatMap(([folder, { dev, devOptional }]) =>
    folder === '' || dev === true || devOptional === true ? [] : [folder],
  )

/** Files of packages that no program reads: TypeScript, source maps, documents, C, and files for other runtimes. */
const unusedFile = /\.([cm]?ts|map|md|markdown|c|cc|h|bare)$/i

/** The files and folders of the harness. */
const harnessPaths = [
  'harness',
  'suites',
  'fixtures',
  'scripts/meshproof.mjs',
  'scripts/with-node.mjs',
  'package.json',
  'package-lock.json',
]
/** Files of the harness that it does not need to run: tests, and recipes of images. */
const testing = /\.test\.ts$|^harness\/testing\/|^fixtures\/images\/[^/]+\//

/**
 * The files from which the harness’s image is built (fixtures/images/meshproof/Dockerfile). `base` is the tar file
 * with the Debian packages.
 */
export const harnessFiles = async (base: string): Promise<LayerFile[]> => {
  const packages = runtimePackages(JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')))
  const packageFiles = (await Promise.all(packages.map((folder) => filesIn(folder, (name) => name !== 'node_modules'))))
    .flat()
    .filter((path) => !unusedFile.test(path))
  const harnessFilePaths = (await Promise.all(harnessPaths.map((path) => filesIn(path, () => true))))
    .flat()
    .filter((path) => !testing.test(path))
  const recipe = (name: string): string => join(recipeFolder, 'meshproof', name)
  return [
    { from: base, to: 'base.tar', mode: 0o644 },
    { from: recipe('Dockerfile'), to: 'Dockerfile', mode: 0o644 },
    { from: recipe('meshproof'), to: 'program/meshproof', mode: 0o755 },
    // With this file scripts/with-node.mjs does not install dependencies.
    ...[...packageFiles, 'node_modules/.meshproof-lock'].map((path) => ({
      from: join(root, path),
      to: path,
      mode: path.endsWith('/bin/node') ? 0o755 : 0o644,
    })),
    ...harnessFilePaths.map((path) => ({ from: join(root, path), to: `meshproof/${path}`, mode: 0o644 })),
  ]
}

/**
 * The paths of the files in a folder, or the path of a file, in a fixed order. Empty where it does not exist: an
 * optional package may not be installed.
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
      const entryPath = relative(root, join(root, path, entry.name))
      return entry.isDirectory()
        ? enters(entry.name)
          ? filesIn(entryPath, enters)
          : []
        : entry.isFile()
          ? [entryPath]
          : []
    }),
  )
  return files.flat().sort()
}
