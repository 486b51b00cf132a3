import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { type EngineInfo, nodeArchitecture } from '#engine/docker.ts'
import { unknownValue } from '#errors.ts'
import type { BuildProgress } from '#images/build-progress.ts'
import type { Images, UpgradeImages, Upgrading, Wanted } from '#images/images.ts'
import { buildPreloadedNode, removeNodeImages } from '#images/node-image.ts'
import { versionAsked } from '#images/version.ts'
import { type Checkout, readCheckout, withCheckout } from './checkout.ts'
import { buildContents } from './contents.ts'
import { moduleFolder } from './go.ts'
import { digestOf, writeArchive } from './oci.ts'
import { loadRecipes, type Recipes, type ReleaseRecipe } from './recipes.ts'
import { artifactOf, imagesOf } from './stamp.ts'

/**
 * Builds everything that a lab needs from source packages. It downloads from package registries only. For a checkout of
 * Istio the engine keeps only the newest node image, because each change of the source makes another one.
 * @throws MeshproofError MP-101 for a version of Istio or Kubernetes that recipes.yaml does not have, MP-350 for a
 * folder that is no checkout.
 */
export const sourceImages = async (
  { istio, kubernetes, istioSource }: Pick<Wanted, 'istio' | 'kubernetes' | 'istioSource'>,
  engine: EngineInfo,
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
): Promise<Images> => {
  const checkout = istioSource === undefined ? undefined : await readCheckout(istioSource)
  const pinned = await loadRecipes(kubernetes)
  const recipes = checkout ? withCheckout(pinned, checkout) : pinned
  const release = releaseOf(recipes, istio ?? recipes.roles['tag'] ?? '')
  const images = (
    await build(engine, recipes, [release], checkout ? nodePrefixOf(checkout) : nodePrefix, progress, signal)
  )(release)
  if (checkout) await removeNodeImages(nodePrefixOf(checkout), images.node)
  return images
}

/** The beginning of the names of node images, before their keys. For a checkout it also has the hash of the folder. */
const nodePrefix = 'meshproof/node:'
const nodePrefixOf = ({ folder }: Checkout): string =>
  `${nodePrefix}checkout-${createHash('sha256').update(folder).digest('hex').slice(0, 8)}-`

/**
 * Builds both releases of an upgrade from source, in one node image.
 * @throws MeshproofError MP-101 for a name that recipes.yaml does not have.
 */
export const sourceUpgrade = async (
  { kubernetes }: Pick<Wanted, 'kubernetes'>,
  engine: EngineInfo,
  { from, to }: Upgrading,
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
): Promise<UpgradeImages> => {
  const recipes = await loadRecipes(kubernetes)
  const [old, next] = [releaseOf(recipes, from), releaseOf(recipes, to)]
  // In the order of the recipes, so that an upgrade and the way back use the same node image.
  const imagesOfRelease = await build(
    engine,
    recipes,
    recipes.releases.filter((release) => release === old || release === next),
    nodePrefix,
    progress,
    signal,
  )
  return { from: imagesOfRelease(old), to: imagesOfRelease(next) }
}

const releaseOf = ({ releases }: Recipes, asked: string): ReleaseRecipe => {
  const names = releases.map(({ name }) => name)
  const release = releases.find(({ name }) => name === versionAsked(names, asked))
  if (!release) throw unknownValue('release', asked, names)
  return release
}

/**
 * Builds what these releases need, in a node image whose name begins with `prefix`. Returns the images of a release.
 */
const build = async (
  engine: EngineInfo,
  recipes: Recipes,
  releases: ReleaseRecipe[],
  prefix: string,
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
): Promise<(release: ReleaseRecipe) => Images> => {
  const arch = nodeArchitecture(engine)
  const { key, folderOf, images, bareNode } = await buildContents(arch, recipes, releases, progress, signal)
  const node = await buildPreloadedNode({
    tag: `${prefix}${key}`,
    base: bareNode,
    writeImages: (to) => writeArchive(images, arch, to),
    report: (step) => progress({ building: [step], done: images.length, of: images.length, remaining: 30 }),
    signal,
  })
  const loadBalancerManifest = join(
    await moduleFolder('metallb', 'go.universe.tf/metallb'),
    'config/manifests/metallb-native.yaml',
  )
  return (release) => {
    const names = imagesOf(recipes, [release]).map(({ name }) => name)
    return {
      source: 'source',
      node,
      kind: join(folderOf('kind'), 'kind'),
      istioctl: join(folderOf(artifactOf('istioctl', release)), 'istioctl'),
      kubectl: join(folderOf('kubectl'), 'kubectl'),
      loadBalancerManifest,
      kubernetes: recipes.kubernetes,
      envoy: release.envoy,
      roles: { ...recipes.roles, tag: release.name },
      digests: images
        .filter(({ recipe }) => names.includes(recipe.name))
        .map(({ recipe, layers }) => ({
          name: recipe.name,
          digest: digestOf(recipe, layers, arch),
          source: 'source' as const,
        })),
    }
  }
}
