import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type EngineInfo, nodeArchitecture } from '#engine/docker.ts'
import { buildAll, type BuildItem, type BuildProgress } from '#images/build.ts'
import type { Wanted } from '#images/images.ts'
import { readCheckout, withCheckout } from './checkout.ts'
import { hostPlatform, moduleFolder } from './go.ts'
import { readLayer, tarOf, writeArchive, writeLayer } from './oci.ts'
import { type ImageRecipe, loadRecipes, recipeKey } from './recipes.ts'
import { conformanceItems, echoItems } from './source-items.ts'
import { stamped } from './stamp.ts'

/** Echo as an image that is built here: its name, and the path of an archive for `kind load image-archive`. */
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
  const pinned = await loadRecipes()
  const recipes = istioSource === undefined ? pinned : withCheckout(pinned, await readCheckout(istioSource))
  const release = recipes.releases.find((candidate) => candidate.name === name)
  if (release === undefined) throw new Error(`recipes.yaml has no release “${name}”`)
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
  const item = await archiveItem(
    image,
    files,
    [...programs.values()].map((folder) => basename(folder)),
    arch,
  )
  const archives = await buildAll([item], progress, signal)
  return { name: image.name, archive: join(archives.get(item.name) ?? '', archiveFile) }
}

const archiveFile = 'image.tar'

const archiveItem = async (
  image: ImageRecipe,
  files: { from: string; to: string; mode: number }[],
  madeOf: string[],
  arch: string,
): Promise<BuildItem> => ({
  name: 'echo-image',
  key: await recipeKey([image, certificates, madeOf, arch]),
  lane: 'cpu',
  seconds: 5,
  make: async (folder) => {
    await writeLayer(tarOf(files), folder)
    const layer = await readLayer(folder)
    await writeArchive([{ recipe: image, layers: [layer] }], arch, createWriteStream(join(folder, archiveFile)))
    await Promise.all(['layer.tar.zst', 'layer.json'].map((file) => rm(join(folder, file))))
  },
})
