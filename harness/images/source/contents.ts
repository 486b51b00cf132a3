import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { installPackages, isInstalled, mayInstallPackages } from '#engine/packages.ts'
import { buildAll } from '#images/build.ts'
import type { BuildItem } from '#images/build-item.ts'
import type { BuildProgress } from '#images/build-progress.ts'
import { moduleFolder } from './go.ts'
import { buildBareNode, nodeFiles } from '#images/node-image.ts'
import { readLayer, tarOf, writeLayer, type Layer } from './oci.ts'
import { recipeKey, type ImageRecipe, type Recipes, type ReleaseRecipe } from './recipes.ts'
import { sourceItems } from './source-items.ts'
import { imagesOf } from './stamp.ts'

/** Everything that some releases need, built but not yet in a node image. */
export type Contents = {
  /** The hash of everything. */
  key: string
  /** The folder of an artifact, by its name. */
  folderOf: (name: string) => string
  images: { recipe: ImageRecipe; layers: Layer[] }[]
  /** Builds the node image without images and returns its name. */
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
  const layerItems = await Promise.all(
    images.filter(({ programs }) => programs.length > 0).map((image) => layerItem(image, keys, folderOf)),
  )
  const layers = await buildAll(layerItems, progress, signal)
  const layersOf = async (image: ImageRecipe): Promise<Layer[]> =>
    Promise.all(
      [
        ...(image.base ? [folderOf('tools-layer')] : []),
        ...(image.programs.length > 0 ? [layers.get(layerName(image)) ?? ''] : []),
      ].map(readLayer),
    )

  const key = await recipeKey(
    [keys.get('kubelet'), keys.get('node-root'), keys.get('tools-layer'), layerItems.map((item) => item.key), images],
    ['node'],
  )
  return {
    key,
    folderOf,
    images: await Promise.all(images.map(async (recipe) => ({ recipe, layers: await layersOf(recipe) }))),
    bareNode: async () => {
      const programs = Object.fromEntries(
        ['kubelet', 'kubeadm', 'kubectl'].map((name) => [name, join(folderOf(name), name)]),
      )
      const kindFiles = join(await moduleFolder('kind', 'sigs.k8s.io/kind'), 'images/base/files')
      return buildBareNode(
        join(folderOf('node-root'), 'root.tar'),
        nodeFiles(kindFiles, programs, recipes.kubernetes),
        key,
        signal,
      )
    },
  }
}

const layerName = (image: ImageRecipe): string => `layer-${image.name.replace(/[^a-z0-9.]+/g, '-')}`

const layerItem = async (
  image: ImageRecipe,
  keys: Map<string, string>,
  folderOf: (name: string) => string,
): Promise<BuildItem> => ({
  name: layerName(image),
  key: await recipeKey(image.programs.map((name) => keys.get(name))),
  lane: 'cpu',
  seconds: 2,
  make: async (folder) => {
    const files = await Promise.all(
      image.programs.map(async (name) => {
        const [file = ''] = await readdir(folderOf(name))
        return { from: join(folderOf(name), file), ...pathAndModeOf(file) }
      }),
    )
    await writeLayer(tarOf(files), folder)
  },
})

const pathAndModeOf = (program: string): { to: string; mode: number } =>
  program === 'envoy-bootstrap'
    ? { to: '/var/lib/istio/envoy/envoy_bootstrap_tmpl.json', mode: 0o644 }
    : { to: `/usr/local/bin/${program}`, mode: 0o755 }
