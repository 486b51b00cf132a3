import { readdir } from 'node:fs/promises'
import { extname, join, resolve } from 'node:path'
import { MeshproofError } from '#errors.ts'
import type { LayerFile } from './oci.ts'
import { recipeFolder } from './recipes.ts'
import { type RuntimePackage, runtimePackages } from './runtime-packages.ts'

/** Whether this is an installed package, whose compiled files are in its folder `dist`, and not a checkout. */
export const isInstalled = extname(import.meta.filename) === '.js'
/** The folder of this package. */
export const packageRoot = resolve(import.meta.dirname, isInstalled ? '../../../..' : '../../..')

/** Files of packages that no program reads: TypeScript, source maps, documents, C, and files for other runtimes. */
const unusedFile = /\.([cm]?ts|map|md|markdown|c|cc|h|bare)$/i

/** The files and folders of the harness. */
const harnessPaths = [
  ...(isInstalled ? ['dist'] : ['harness', 'suites', 'fixtures', 'package-lock.json']),
  'scripts/meshproof.mjs',
  'scripts/with-node.mjs',
  'package.json',
]
/** Files of the harness that it does not need to run: tests, type declarations, and recipes of images. */
const testing = /\.(test|d)\.ts$|^harness\/testing\/|^(dist\/)?fixtures\/images\/[^/]+\//

/** The parts of the image that depend on its processor: Debian’s, npm’s, and Node. `sbom` is the bill of all. */
export type HarnessParts = { base: string; packages: readonly RuntimePackage[]; node: string; sbom: string }

/** The npm packages and the Node of this machine. @throws MeshproofError MP-176 as `nodeProgram` does. */
export const ownParts = async (): Promise<Pick<HarnessParts, 'packages' | 'node'>> => ({
  packages: await runtimePackages(packageRoot),
  node: nodeProgram(),
})

/** The files from which the harness’s image is built (fixtures/images/meshproof/Dockerfile). */
export const harnessFiles = async ({ base, packages, node, sbom }: HarnessParts): Promise<LayerFile[]> => {
  const packageFiles = await Promise.all(
    packages.map(async ({ from, to }) =>
      (await filesIn(from, '', (name) => name !== 'node_modules'))
        .filter((path) => !unusedFile.test(path))
        .map((path) => ({ from: join(from, path), to: join(to, path), mode: 0o644 })),
    ),
  )
  const harnessFilePaths = (await Promise.all(harnessPaths.map((path) => filesIn(packageRoot, path, () => true))))
    .flat()
    .filter((path) => !testing.test(path))
  const recipe = (name: string): string => join(recipeFolder, 'meshproof', name)
  return [
    { from: base, to: 'base.tar', mode: 0o644 },
    { from: recipe('Dockerfile'), to: 'Dockerfile', mode: 0o644 },
    { from: recipe('meshproof'), to: 'program/meshproof', mode: 0o755 },
    ...packageFiles.flat(),
    { from: node, to: 'node_modules/node/bin/node', mode: 0o755 },
    // With this file scripts/with-node.mjs does not install dependencies.
    ...(isInstalled
      ? []
      : [
          {
            from: join(packageRoot, 'node_modules/.meshproof-lock'),
            to: 'node_modules/.meshproof-lock',
            mode: 0o644,
          },
        ]),
    { from: sbom, to: 'meshproof/sbom.spdx.json', mode: 0o644 },
    ...harnessFilePaths.map((path) => ({ from: join(packageRoot, path), to: `meshproof/${path}`, mode: 0o644 })),
  ]
}

/**
 * The Node of the image: in a checkout that of the lockfile, in an installed package the one that runs now.
 * @throws MeshproofError MP-176 where the Node of an installed package needs libraries of this machine.
 */
const nodeProgram = (): string => {
  if (!isInstalled) return join(packageRoot, 'node_modules/node/bin/node')
  const shared = Object.entries(process.config.variables).filter(
    ([name, value]) => /^node_shared(_|$)/.test(name) && (value === true || value === 'true'),
  )
  if (shared.length > 0)
    throw new MeshproofError('MP-176', {
      what: 'The Node of this machine cannot be put into an image',
      where: process.execPath,
      why: 'it needs shared libraries of this machine',
      next: 'Install a Node of nodejs.org, or add one to this project: npm install --save-dev node@24',
    })
  return process.execPath
}

/**
 * The paths in `top` of the files below the folder or file `path`, in a fixed order. Empty where it does not exist.
 */
const filesIn = async (top: string, path: string, enters: (name: string) => boolean): Promise<string[]> => {
  const entries = await readdir(join(top, path), { withFileTypes: true }).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOTDIR' || error.code === 'ENOENT'))
      return error.code
    throw error
  })
  if (entries === 'ENOENT') return []
  if (typeof entries === 'string') return [path]
  const files = await Promise.all(
    entries.map(async (entry) => {
      const entryPath = join(path, entry.name)
      if (entry.isDirectory()) return enters(entry.name) ? filesIn(top, entryPath, enters) : []
      return entry.isFile() ? [entryPath] : []
    }),
  )
  return files.flat().sort()
}
