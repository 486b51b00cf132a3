import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type EngineInfo, nodeArchitecture } from '#engine/docker.ts'
import { buildAll, secondsToBuild } from '#images/build.ts'
import type { BuildItem } from '#images/build-item.ts'
import type { BuildProgress } from '#images/build-progress.ts'
import type { Wanted } from '#images/images.ts'
import { readCheckout, withCheckout } from './checkout.ts'
import { hostPlatform, moduleFolder } from './go.ts'
import { type LayerFile, readLayer, tarOf, writeArchive, writeLayer } from './oci.ts'
import { type ImageRecipe, loadRecipes, recipeKey, type Recipes, type ReleaseRecipe } from './recipes.ts'
import { conformanceItems, echoItems, istioTestItems } from './source-items.ts'
import { stamped } from './stamp.ts'

/** An image that judges need, such as echo: its name, and the path of an archive for `kind load image-archive`. */
export type EchoImage = { name: string; archive: string }

/**
 * Builds the program of the judge gateway-api for this machine, and returns its path.
 * @throws MeshproofError MP-310 without Go, MP-311 on a wrong checksum, MP-312 when the build fails.
 */
export const conformanceProgram = async (
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
): Promise<string> => {
  const items = await conformanceItems(await loadRecipes(), hostPlatform().arch)
  const folders = await buildAll(items, progress, signal)
  return join(folders.get('conformance') ?? '', 'conformance')
}

/** The certificate that echo answers with over TLS, in the source of Istio and in the image. */
const certificates = [
  { from: 'tests/testdata/certs/dns/cert-chain.pem', to: '/cert.crt' },
  { from: 'tests/testdata/certs/dns/key.pem', to: '/cert.key' },
]

/**
 * Builds the image of echo of a release, from its module or from a checkout.
 * @throws MeshproofError MP-310 to MP-312 as a build does, MP-350 and MP-351 for a checkout.
 */
export const sourceEcho = async (
  { istioSource, release: name }: Pick<Wanted, 'istioSource'> & { release: string },
  engine: EngineInfo,
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
): Promise<EchoImage> => {
  const arch = nodeArchitecture(engine)
  const { recipes, release } = await recipesOf(istioSource, name)
  const programs = await buildAll(await echoItems(recipes, release, arch), progress, signal)
  const image = { ...recipes.echo.image, name: stamped(recipes.echo.image.name, name) }
  const istio = recipes.echo.module.checkout ?? (await moduleFolder(release.module, 'istio.io/istio'))
  const files = [
    ...image.programs.map((program) => ({
      from: join(programs.get(`echo-${program}-${name}`) ?? '', program),
      to: `/usr/local/bin/${program}`,
      mode: 0o755,
    })),
    ...certificates.map(({ from, to }) => ({ from: join(istio, from), to, mode: 0o644 })),
  ]
  const item = await archiveItem('echo-image', image, files, [...programs.values()], arch)
  const archives = await buildAll([item], progress, signal)
  return { name: image.name, archive: join(archives.get(item.name) ?? '', archiveFile) }
}

/** The recipes, and the release of that name in them; of a checkout where there is one. */
const recipesOf = async (
  istioSource: string | undefined,
  name: string,
): Promise<{ recipes: Recipes; release: ReleaseRecipe }> => {
  const pinned = await loadRecipes()
  const recipes = istioSource === undefined ? pinned : withCheckout(pinned, await readCheckout(istioSource))
  const release = recipes.releases.find((candidate) => candidate.name === name)
  if (release === undefined) throw new Error(`recipes.yaml has no release “${name}”`)
  return { recipes, release }
}

/** The tests of Istio: their programs by the name of their package, and the folder of the source that they read. */
export type IstioTests = { programs: Map<string, string>; source: string }

/** The tests of a release of Istio, or of a checkout: the names of their packages in `tests/integration`. */
export type IstioTestsWanted = Pick<Wanted, 'istioSource'> & { release: string; packages: readonly string[] }

/**
 * Builds Istio’s integration tests for this machine. The first build of a release takes minutes.
 * @throws MeshproofError MP-310 to MP-312 as a build does, MP-350 and MP-351 for a checkout.
 */
export const istioTests = async (
  { istioSource, release: name, packages }: IstioTestsWanted,
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
): Promise<IstioTests> => {
  const { recipes, release } = await recipesOf(istioSource, name)
  const folders = await buildAll(
    await istioTestItems(recipes, release, packages, hostPlatform().arch),
    progress,
    signal,
  )
  const programs = packages.map((program): [string, string] => [
    program,
    join(folders.get(`istio-tests-${program}-${name}`) ?? '', program),
  ])
  const source = recipes.istioTests.module.checkout ?? (await moduleFolder(release.module, 'istio.io/istio'))
  return { programs: new Map(programs), source }
}

/**
 * How many seconds the programs of judges take to build, as far as the cache lacks them: Istio’s tests of `packages`,
 * and the program of gateway-api where `conformance` says so.
 * @throws MeshproofError MP-350 and MP-351 for a checkout.
 */
export const secondsToBuildJudges = async (
  { istioSource, release: name, packages }: IstioTestsWanted,
  conformance: boolean,
): Promise<number> => {
  const { arch } = hostPlatform()
  const ofGatewayApi = conformance ? await conformanceItems(await loadRecipes(), arch) : []
  if (packages.length === 0) return secondsToBuild(ofGatewayApi)
  const { recipes, release } = await recipesOf(istioSource, name)
  return secondsToBuild([...ofGatewayApi, ...(await istioTestItems(recipes, release, packages, arch))])
}

/**
 * Builds the images of the servers that Istio’s tests of `security` ask, from the module of the tests.
 * @throws MeshproofError as istioTests does.
 */
export const istioTestServers = async (
  { istioSource, release: name }: Omit<IstioTestsWanted, 'packages'>,
  engine: EngineInfo,
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
): Promise<EchoImage[]> => {
  const arch = nodeArchitecture(engine)
  const { recipes, release } = await recipesOf(istioSource, name)
  const { images } = recipes.istioTests
  const names = images.flatMap(({ programs }) => programs)
  const folders = await buildAll(await istioTestItems(recipes, release, names, arch), progress, signal)
  const made = await Promise.all(
    images.map(async (recipe) => {
      const image = { ...recipe, name: stamped(recipe.name, name) }
      const programs = image.programs.map((program) => ({
        program,
        folder: folders.get(`istio-tests-${program}-${name}`) ?? '',
      }))
      const files = programs.map(({ program, folder }) => ({
        from: join(folder, program),
        to: `/usr/local/bin/${program}`,
        mode: 0o755,
      }))
      const madeOf = programs.map(({ folder }) => folder)
      return { image, item: await archiveItem(`${image.programs.join('-')}-image`, image, files, madeOf, arch) }
    }),
  )
  const archives = await buildAll(
    made.map(({ item }) => item),
    progress,
    signal,
  )
  return made.map(({ image, item }) => ({
    name: image.name,
    archive: join(archives.get(item.name) ?? '', archiveFile),
  }))
}

const archiveFile = 'image.tar'

const archiveItem = async (
  name: string,
  image: ImageRecipe,
  files: LayerFile[],
  madeOf: string[],
  arch: string,
): Promise<BuildItem> => ({
  name,
  key: await recipeKey([image, certificates, madeOf.map((folder) => basename(folder)), arch]),
  lane: 'cpu',
  seconds: 5,
  make: async (folder) => {
    await writeLayer(tarOf(files), folder)
    const layer = await readLayer(folder)
    await writeArchive([{ recipe: image, layers: [layer] }], arch, createWriteStream(join(folder, archiveFile)))
    await Promise.all(['layer.tar.zst', 'layer.json'].map((file) => rm(join(folder, file))))
  },
})
