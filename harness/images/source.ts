import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { EngineInfo } from '../engine/docker.ts'
import { nodeArchitecture } from '../engine/docker.ts'
import { installPackages, isInstalled, mayInstallPackages } from '../engine/packages.ts'
import { unknownValue } from '../unknown-value.ts'
import { buildAll, type BuildItem, type BuildProgress } from './build.ts'
import { readCheckout, withCheckout, type Checkout } from './checkout.ts'
import { moduleFolder } from './go.ts'
import type { Images, UpgradeImages, Upgrading, Wanted } from './images.ts'
import { buildNode, forgetNodes, nodeFiles, preload } from './node-image.ts'
import { digestOf, readLayer, tarOf, writeArchive, writeLayer, type Layer } from './oci.ts'
import { loadRecipes, recipeKey, type ImageRecipe, type Recipes, type ReleaseRecipe } from './recipes.ts'
import { sourceItems } from './source-items.ts'
import { imagesOf } from './stamp.ts'

/**
 * Everything a lab needs, built from source packages: only package registries are reached. Of a checkout of Istio there is one node image at
 * a time, since each change of its source makes another.
 * @throws MeshproofError MP-101 for a Kubernetes version that recipes.yaml does not have, MP-350 for a folder that is no checkout.
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
  const images = (await build(engine, recipes, [release], checkout ? nodesOf(checkout) : nodes, progress, signal))(release)
  if (checkout) await forgetNodes(nodesOf(checkout), images.node)
  return images
}

/** What node images are called, before their keys; those of a checkout are told apart by its folder. */
const nodes = 'meshproof/node:'
const nodesOf = ({ folder }: Checkout): string => `${nodes}checkout-${createHash('sha256').update(folder).digest('hex').slice(0, 8)}-`

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
  const imagesOfRelease = await build(engine, recipes, recipes.releases.filter((release) => release === old || release === next), nodes, progress, signal)
  return { from: imagesOfRelease(old), to: imagesOfRelease(next) }
}

const releaseOf = ({ releases }: Recipes, wanted: string): ReleaseRecipe => {
  const release = releases.find(({ name }) => name === wanted)
  if (!release) throw unknownValue('release', wanted, releases.map(({ name }) => name))
  return release
}

/** What some releases are made of, built but not yet in a node image. */
export type Contents = {
  /** The key of all of it. */
  key: string
  /** Where an artifact lies, by its name. */
  folderOf: (name: string) => string
  images: { recipe: ImageRecipe; layers: Layer[] }[]
  /** Builds the node image that holds no images, and names it. */
  bareNode: () => Promise<string>
}

/** Builds every program and every layer of these releases, for nodes of an architecture. */
export const buildContents = async (
  arch: string,
  recipes: Recipes,
  releases: ReleaseRecipe[],
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
): Promise<Contents> => {
  if (!(await isInstalled('mmdebstrap')) && (await mayInstallPackages())) await installPackages(['mmdebstrap'], signal)

  const items = await sourceItems(recipes, releases, arch)
  const folders = await buildAll(items, progress, signal)
  const folderOf = (name: string): string => {
    const folder = folders.get(name)
    if (!folder) throw new Error(`recipes.yaml names no program “${name}”`)
    return folder
  }
  const keys = new Map(items.map(({ name, key }) => [name, key ?? basename(folderOf(name))]))

  const images = imagesOf(recipes, releases)
  const layerItems = await Promise.all(images.filter(({ programs }) => programs.length > 0).map((image) => layerItem(image, keys, folderOf)))
  const layers = await buildAll(layerItems, progress, signal)
  const layersOf = async (image: ImageRecipe): Promise<Layer[]> => Promise.all([
    ...(image.base ? [folderOf('tools-layer')] : []),
    ...(image.programs.length > 0 ? [layers.get(layerName(image)) ?? ''] : []),
  ].map(readLayer))

  const key = await recipeKey([keys.get('kubelet'), keys.get('node-root'), keys.get('tools-layer'), layerItems.map((item) => item.key), images], ['node'])
  return {
    key, folderOf,
    images: await Promise.all(images.map(async (recipe) => ({ recipe, layers: await layersOf(recipe) }))),
    bareNode: async () => {
      const programs = Object.fromEntries(['kubelet', 'kubeadm', 'kubectl'].map((name) => [name, join(folderOf(name), name)]))
      const kindFiles = join(await moduleFolder('kind', 'sigs.k8s.io/kind'), 'images/base/files')
      return buildNode(join(folderOf('node-root'), 'root.tar'), nodeFiles(kindFiles, programs, recipes.kubernetes), key, signal)
    },
  }
}

/** Builds what these releases need, in a node image whose name begins as `named`, and says what each of them is made of. */
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
  const loadBalancerManifest = join(await moduleFolder('metallb', 'go.universe.tf/metallb'), 'config/manifests/metallb-native.yaml')
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
      digests: images.filter(({ recipe }) => own.includes(recipe.name))
        .map(({ recipe, layers: all }) => ({ name: recipe.name, digest: digestOf(recipe, all, arch), source: 'source' as const })),
      ...(release.compatibilityVersion === undefined ? {} : { compatibilityVersion: release.compatibilityVersion }),
    }
  }
}

const layerName = (image: ImageRecipe): string => `layer-${image.name.replace(/[^a-z0-9.]+/g, '-')}`

const layerItem = async (image: ImageRecipe, keys: Map<string, string>, folderOf: (name: string) => string): Promise<BuildItem> => ({
  name: layerName(image),
  key: await recipeKey(image.programs.map((name) => keys.get(name))),
  lane: 'cpu',
  seconds: 2,
  make: async (folder) => {
    const files = await Promise.all(image.programs.map(async (name) => {
      const [file = ''] = await readdir(folderOf(name))
      return { from: join(folderOf(name), file), ...placeOf(file) }
    }))
    await writeLayer(tarOf(files), folder)
  },
})

const placeOf = (program: string): { to: string; mode: number } =>
  program === 'envoy-bootstrap'
    ? { to: '/var/lib/istio/envoy/envoy_bootstrap_tmpl.json', mode: 0o644 }
    : { to: `/usr/local/bin/${program}`, mode: 0o755 }
