import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { execa } from '#programs.ts'
import { MeshproofError } from '#errors.ts'
import type { ImageSource } from '#images/images.ts'
import { minorOf } from '#images/version.ts'
import type { ModuleRecipe, Recipes } from './recipes.ts'
import { isOfRelease } from './stamp.ts'

/** A checkout of Istio: its folder, and the version that the programs built from it report. */
export type Checkout = { folder: string; version: string }

/** The path of a proxy’s bootstrap in Istio’s source. */
export const bootstrapFile = 'tools/packaging/common/envoy_bootstrap.json'

/**
 * Reads the version of a checkout of Istio. It consists of the VERSION file and the commit
 * (`1.31-dev-6e21c2bd77-dirty`), or `local` where the folder is not a work tree of git. It has no `+`, which image tags
 * cannot have.
 * @throws MeshproofError MP-350 where the folder is not a checkout of Istio.
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
          ? 'it has no VERSION file that begins with a version'
          : bootstrap === undefined
            ? `it has no ${bootstrapFile}`
            : undefined
  if (minor === undefined || why !== undefined) {
    throw new MeshproofError('MP-350', {
      what: 'That is not a checkout of Istio',
      where: folder,
      why,
      next: 'Give --istio-source the folder with the go.mod of istio.io/istio.',
    })
  }
  return { folder, version: `${minor}-dev-${await commitOf(folder)}` }
}

const commitOf = async (folder: string): Promise<string> => {
  const git = (...words: string[]): Promise<{ exitCode?: number | undefined; stdout: string }> =>
    execa('git', ['-C', folder, ...words], { reject: false, stdin: 'ignore' })
  // The path to the top is empty at the top of a work tree. A copy of the source may be in the work tree of another
  // project.
  const up = await git('rev-parse', '--show-cdup')
  const described =
    up.exitCode === 0 && up.stdout === '' ? await git('describe', '--always', '--dirty', '--exclude=*') : undefined
  return described?.exitCode === 0 ? described.stdout : 'local'
}

/**
 * The source of images when Istio is built from a checkout: always `source`.
 * @throws MeshproofError MP-350 where it is not a checkout, MP-107 for flags that ask for another Istio.
 */
export const checkoutSource = async (
  path: string,
  { images, istio }: { images: ImageSource | 'auto'; istio?: string | undefined },
): Promise<ImageSource> => {
  const conflicting = [
    ...(images === 'release' ? ['--images=release'] : []),
    ...(istio === undefined ? [] : [`--istio=${istio}`]),
  ]
  if (conflicting.length > 0)
    throw new MeshproofError('MP-107', {
      what: 'A checkout of Istio is built from source and has its own version',
      where: conflicting.join(', '),
      next: `Leave out ${conflicting.join(' and ')}, or --istio-source.`,
    })
  await readCheckout(path)
  return 'source'
}

/**
 * The recipes with Istio’s programs from a checkout. They have one release, named after the version of the checkout,
 * with the Envoy of the release of the same minor version, or of the default release.
 */
export const withCheckout = (recipes: Recipes, { folder, version }: Checkout): Recipes => {
  const fitting =
    recipes.releases.find(({ name }) => minorOf(name) === minorOf(version)) ??
    recipes.releases.find(({ name }) => name === recipes.roles['tag'])
  const ofCheckout = (module: ModuleRecipe): ModuleRecipe =>
    isOfRelease(module) ? { ...module, checkout: folder } : module
  return {
    ...recipes,
    releases: fitting ? [{ ...fitting, name: version }] : [],
    modules: recipes.modules.map(ofCheckout),
    echo: { ...recipes.echo, module: ofCheckout(recipes.echo.module) },
    istioTests: { ...recipes.istioTests, module: ofCheckout(recipes.istioTests.module) },
    roles: { ...recipes.roles, tag: version },
  }
}
