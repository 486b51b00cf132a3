import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { MeshproofError } from '#errors.ts'
import type { ImageSource } from '#images/images.ts'
import type { Recipes } from './recipes.ts'

/** A checkout of Istio: its folder, and the version that the programs built from it tell. */
export type Checkout = { folder: string; version: string }

/** Where a proxy’s bootstrap is in Istio’s source. */
export const bootstrapFile = 'tools/packaging/common/envoy_bootstrap.json'

/**
 * Finds out what a folder holds. The version is that of its VERSION file and its commit (`1.31-dev-6e21c2bd77-dirty`),
 * or `local` where it is no work tree of git: image tags take no `+`.
 * @throws MeshproofError MP-350 where it is no checkout of Istio.
 */
export const readCheckout = async (path: string): Promise<Checkout> => {
  const folder = resolve(path)
  const read = (file: string): Promise<string | undefined> =>
    readFile(join(folder, file), 'utf8').catch(() => undefined)
  const [pins, version = '', bootstrap] = await Promise.all(['go.mod', 'VERSION', bootstrapFile].map(read))
  const module = /^module\s+(\S+)/m.exec(pins ?? '')?.[1]
  const minor = /^\d+\.\d+/.exec(version)?.[0]
  const why =
    pins === undefined
      ? 'it has no go.mod'
      : module !== 'istio.io/istio'
        ? `its go.mod is that of ${module ?? 'no module'}`
        : minor === undefined
          ? 'it has no VERSION that begins with one'
          : bootstrap === undefined
            ? `it has no ${bootstrapFile}`
            : undefined
  if (minor === undefined || why !== undefined) {
    throw new MeshproofError('MP-350', {
      what: 'That is no checkout of Istio',
      where: folder,
      why,
      next: 'Give --istio-source the folder that holds the go.mod of istio.io/istio.',
    })
  }
  return { folder, version: `${minor}-dev-${await commitOf(folder)}` }
}

const commitOf = async (folder: string): Promise<string> => {
  const git = (...words: string[]): Promise<{ exitCode?: number | undefined; stdout: string }> =>
    execa('git', ['-C', folder, ...words], { reject: false, stdin: 'ignore' })
  // The way up is empty at the top of a work tree; a copy of the source may lie inside of somebody else's.
  const up = await git('rev-parse', '--show-cdup')
  const described =
    up.exitCode === 0 && up.stdout === '' ? await git('describe', '--always', '--dirty', '--exclude=*') : undefined
  return described?.exitCode === 0 ? described.stdout : 'local'
}

/**
 * Where images come from when Istio is built from a checkout: from source, whatever could be reached.
 * @throws MeshproofError MP-350 where it is no checkout, MP-107 for flags that ask for another Istio.
 */
export const checkoutSource = async (
  path: string,
  { images, istio }: { images: ImageSource | 'auto'; istio?: string | undefined },
): Promise<ImageSource> => {
  const others = [
    ...(images === 'release' ? ['--images=release'] : []),
    ...(istio === undefined ? [] : [`--istio=${istio}`]),
  ]
  if (others.length > 0)
    throw new MeshproofError('MP-107', {
      what: 'A checkout of Istio is built from source, and is a version of its own',
      where: others.join(', '),
      next: `Leave out ${others.join(' and ')}, or --istio-source.`,
    })
  await readCheckout(path)
  return 'source'
}

/**
 * The recipes with Istio’s programs from a checkout: one release, called by its version, with the Envoy of the one
 * that labs run otherwise.
 */
export const withCheckout = (recipes: Recipes, { folder, version }: Checkout): Recipes => {
  const usual = recipes.roles['tag'] ?? ''
  return {
    ...recipes,
    releases: recipes.releases.filter(({ name }) => name === usual).map((release) => ({ ...release, name: version })),
    modules: recipes.modules.map((module) =>
      module.name === 'istio'
        ? { ...module, checkout: folder, ldflags: module.ldflags.replace(usual, version) }
        : module,
    ),
    roles: { ...recipes.roles, tag: version },
  }
}
