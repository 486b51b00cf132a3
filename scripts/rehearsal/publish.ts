import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { docker } from '#engine/docker.ts'
import { installPackages, isInstalled } from '#engine/packages.ts'
import { artifact } from '#images/cache.ts'
import type { BuildProgress } from '#images/build-progress.ts'
import { writeArchive } from '#images/source/oci.ts'
import { loadRecipes, recipeKey, type Recipes } from '#images/source/recipes.ts'
import { buildContents, type Contents } from '#images/source/contents.ts'
import { istioctlArchive } from './istioctl.ts'
import { buildPublishedNode } from './node.ts'
import { pushImage, pushLayers } from './push.ts'
import { startRegistry } from './registry.ts'

/** The version under which the rehearsal publishes the Istio that is built here. */
const istio = '1.31.0'

const PushedImage = z.strictObject({ repository: z.string(), tag: z.string(), digest: z.string() })
const Pushed = z.strictObject({ node: PushedImage, images: z.array(PushedImage) })

/** A published image: where it is in the registry, and the digest of its index. */
export type PushedImage = z.infer<typeof PushedImage>

/** What the rehearsal publishes. */
export type Published = z.infer<typeof Pushed> & {
  recipes: Recipes
  istio: string
  /** The folder with the registry's storage, which holds these images. */
  storage: string
  /** The files of the download site: their paths on this machine. */
  kind: string
  istioctl: string
}

/**
 * Builds everything that `--images=source` builds, and publishes it with Istio under another version. The storage of
 * the registry is kept in the cache, so that a second call pushes nothing.
 * @throws MeshproofError as a source build does; MP-202 when the registry does not start.
 */
export const publish = async (
  arch: string,
  port: number,
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
): Promise<Published> => {
  if (!(await isInstalled('skopeo'))) await installPackages(['skopeo'], signal)
  const sourceRecipes = await loadRecipes()
  const releases = sourceRecipes.releases
    .filter(({ name }) => name === sourceRecipes.roles['tag'])
    .map((release) => ({ ...release, name: istio }))
  const recipes = { ...sourceRecipes, releases }
  const contents = await buildContents(arch, recipes, releases, progress, signal)
  const report = (building: string): void => progress({ building: [building], done: 0, of: 1, remaining: 120 })
  const istioctl = await istioctlArchive(istio, report, signal)
  const folder = await artifact('rehearsal-registry', await recipeKey(contents.key), async (into) => {
    const storage = join(into, 'storage')
    await mkdir(storage)
    const registry = await startRegistry({ arch, port, storage }, signal)
    try {
      await writeFile(
        join(into, 'pushed.json'),
        JSON.stringify(await push(contents, recipes.kubernetes, arch, registry.host, report, signal)),
      )
    } finally {
      await registry.stop()
    }
  })
  const pushed = Pushed.parse(JSON.parse(await readFile(join(folder, 'pushed.json'), 'utf8')))
  return {
    ...pushed,
    recipes,
    istio,
    storage: join(folder, 'storage'),
    kind: join(contents.folderOf('kind'), 'kind'),
    istioctl,
  }
}

const push = async (
  { key, images, bareNode }: Contents,
  kubernetes: string,
  arch: string,
  host: string,
  report: (building: string) => void,
  signal?: AbortSignal,
): Promise<z.infer<typeof Pushed>> => {
  const ofNode = images.filter(({ recipe }) => isKubernetes(recipe.name))
  const pushed: PushedImage[] = []
  for (const image of images.filter((candidate) => !ofNode.includes(candidate))) {
    const [, repository = '', tag = ''] = /^[^/]+\/(.+):([^:]+)$/.exec(image.recipe.name) ?? []
    report(`pushing ${repository}`)
    pushed.push({ repository, tag, digest: await pushLayers(image, arch, { host, repository, tag }, signal) })
  }
  report('pushing kindest/node')
  const published = `meshproof/published-node:${key}`
  await buildPublishedNode(await bareNode(), published, (to) => writeArchive(ofNode, arch, to), signal)
  const place = { repository: 'kindest/node', tag: kubernetes }
  try {
    return { node: { ...place, digest: await pushImage(published, arch, { host, ...place }, signal) }, images: pushed }
  } finally {
    await docker(['rmi', published])
  }
}

/** True for an image of Kubernetes itself, which a published node image already holds. */
const isKubernetes = (image: string): boolean => image.startsWith('registry.k8s.io/')
