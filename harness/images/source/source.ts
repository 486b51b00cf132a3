import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { type EngineInfo, nodeArchitecture } from '#engine/docker.ts'
import { unknownValue } from '#errors.ts'
import type { BuildProgress } from '#images/build.ts'
import type { Images, UpgradeImages, Upgrading, Wanted } from '#images/images.ts'
import { forgetNodes, preload } from '#images/node-image.ts'
import { type Checkout, readCheckout, withCheckout } from './checkout.ts'
import { buildContents } from './contents.ts'
import { moduleFolder } from './go.ts'
import { digestOf, writeArchive } from './oci.ts'
import { loadRecipes, type Recipes, type ReleaseRecipe } from './recipes.ts'
import { imagesOf } from './stamp.ts'

/**
 * Everything a lab needs, built from source packages: only package registries are reached. Of a checkout of Istio there
 * is one node image at a time, since each change of its source makes another.
 * @throws MeshproofError MP-101 for a Kubernetes version that recipes.yaml does not have, MP-350 for a folder that is
 * no checkout.
 */
export const sourceImages = async (
  { kubernetes, istioSource }: Pick<Wanted, 'kubernetes' | 'istioSource'>,
  engine: EngineInfo,
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
): Promise<Images> => {
  const checkout = istioSource === undefined ? undefined : await readCheckout(istioSource)
  const own = await loadRecipes(kubernetes)
  const recipes = checkout ? withCheckout(own, checkout) : own
  const release = releaseOf(recipes, recipes.roles['tag'] ?? '')
  const images = (await build(engine, recipes, [release], checkout ? nodesOf(checkout) : nodes, progress, signal))(
    release,
  )
  if (checkout) await forgetNodes(nodesOf(checkout), images.node)
  return images
}

/** What node images are called, before their keys; those of a checkout are told apart by its folder. */
const nodes = 'meshproof/node:'
const nodesOf = ({ folder }: Checkout): string =>
  `${nodes}checkout-${createHash('sha256').update(folder).digest('hex').slice(0, 8)}-`

/**
 * Two releases of the same source, to upgrade between, in one node image.
 * @throws MeshproofError MP-101 for a name that recipes.yaml does not have.
 */
export const sourceUpgrade = async (
  engine: EngineInfo,
  { from, to }: Upgrading,
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
): Promise<UpgradeImages> => {
  const recipes = await loadRecipes()
  const [old, next] = [releaseOf(recipes, from), releaseOf(recipes, to)]
  // In the recipes' order: there and back again take the same node image.
  const imagesOfRelease = await build(
    engine,
    recipes,
    recipes.releases.filter((release) => release === old || release === next),
    nodes,
    progress,
    signal,
  )
  return { from: imagesOfRelease(old), to: imagesOfRelease(next) }
}

const releaseOf = ({ releases }: Recipes, wanted: string): ReleaseRecipe => {
  const release = releases.find(({ name }) => name === wanted)
  if (!release)
    throw unknownValue(
      'release',
      wanted,
      releases.map(({ name }) => name),
    )
  return release
}

/**
 * Builds what these releases need, in a node image whose name begins as `named`, and says what each of them is made of.
 */
const build = async (
  engine: EngineInfo,
  recipes: Recipes,
  releases: ReleaseRecipe[],
  named: string,
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
): Promise<(release: ReleaseRecipe) => Images> => {
  const arch = nodeArchitecture(engine)
  const { key, folderOf, images, bareNode } = await buildContents(arch, recipes, releases, progress, signal)
  const node = await preload({
    tag: `${named}${key}`,
    base: bareNode,
    load: (write) => writeArchive(images, arch, write),
    say: (step) => progress({ building: [step], done: images.length, of: images.length, remaining: 30 }),
    signal,
  })
  const loadBalancerManifest = join(
    await moduleFolder('metallb', 'go.universe.tf/metallb'),
    'config/manifests/metallb-native.yaml',
  )
  return (release) => {
    const own = imagesOf(recipes, [release]).map(({ name }) => name)
    return {
      source: 'source',
      node,
      kind: join(folderOf('kind'), 'kind'),
      istioctl: join(folderOf('istioctl'), 'istioctl'),
      kubectl: join(folderOf('kubectl'), 'kubectl'),
      loadBalancerManifest,
      kubernetes: recipes.kubernetes,
      envoy: release.envoy,
      roles: { ...recipes.roles, tag: release.name },
      digests: images
        .filter(({ recipe }) => own.includes(recipe.name))
        .map(({ recipe, layers: all }) => ({
          name: recipe.name,
          digest: digestOf(recipe, all, arch),
          source: 'source' as const,
        })),
      ...(release.compatibilityVersion === undefined ? {} : { compatibilityVersion: release.compatibilityVersion }),
    }
  }
}
