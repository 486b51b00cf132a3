import { chmod, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { execa } from 'execa'
import pMap from 'p-map'
import { parse } from 'yaml'
import { z } from 'zod'
import { docker, nodeArchitecture, type EngineInfo } from '../engine/docker.ts'
import { MeshproofError } from '../errors.ts'
import { buildAll, type BuildItem, type BuildProgress } from './build.ts'
import { isCached } from './cache.ts'
import { download } from './download.ts'
import { hostPlatform } from './go.ts'
import type { Images } from './images.ts'
import { preload } from './node-image.ts'
import { recipeFolder, recipeKey } from './recipes.ts'
import { hostOf, pull, pulledDigest, referenceOf, requireRegistries, type PublishedImage } from './registry.ts'

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const Program = z.strictObject({ url: z.string(), sha256: z.record(z.string(), Sha256) })
const Image = z.string().regex(/^[^/@]+\/[^@]+:[\w.-]+(@sha256:[0-9a-f]{64})?$/).transform((reference): PublishedImage => {
  const [name = '', digest] = reference.split('@')
  return { name, digest }
})

const Release = z.strictObject({
  kubernetes: z.string(),
  programs: z.strictObject({ kind: Program, istioctl: Program }),
  loadBalancerManifest: z.strictObject({ url: z.string(), sha256: Sha256 }),
  node: Image,
  images: z.array(Image),
  roles: z.record(z.string(), z.string()),
})

/** The pins of `--images=release`. */
export const releaseFile = join(recipeFolder, 'release.yaml')

/** A guess that feeds the estimate of what remains; the line's speed decides. */
const secondsAnImage = 10

/**
 * Makes sure that the hosts of everything this machine still lacks answer; what is here already needs none of them.
 * @throws MeshproofError MP-320 within seconds when one does not, MP-322 when nothing is published for this platform.
 */
export const requireRelease = async (engine: EngineInfo, signal?: AbortSignal, file = releaseFile): Promise<void> => {
  const { images, downloads, tag } = await planOf(engine, file)
  const missing = await pMap(downloads, async ({ name, key, host }) => ((await isCached(name, key)) ? [] : [host]))
  const preloaded = await docker(['image', 'inspect', '--format', '{{.Id}}', tag], { signal }).then(() => true, () => false)
  await requireRegistries([...(preloaded ? [] : images.map(hostOf)), ...missing.flat()], signal)
}

/**
 * Everything a lab needs from published, pinned artifacts. The user's own kubectl is used.
 * @throws MeshproofError MP-320 when a host does not answer, MP-321 when a file and MP-323 when an image cannot be had, MP-311
 *   on a wrong checksum, MP-322 when nothing is published for this platform.
 */
export const releaseImages = async (
  engine: EngineInfo,
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
  file = releaseFile,
): Promise<Images> => {
  await requireRelease(engine, signal, file)
  const { release, images, downloads, tag, arch } = await planOf(engine, file)
  const folders = await buildAll(downloads, progress, signal)
  const fileOf = (name: string): string => join(folders.get(name) ?? '', name)
  const of = downloads.length + images.length + 1
  const pulling = new Set<string>()
  let done = downloads.length
  const report = (building: string[]): void => progress({ building, done, of, remaining: Math.max(0, of - done - 1) * secondsAnImage + 30 })
  const pullReported = async (image: PublishedImage): Promise<void> => {
    report([...pulling.add(image.name)])
    await pull(image, arch, signal)
    pulling.delete(image.name)
    done += 1
  }
  const node = await preload({
    tag,
    base: async () => {
      await pMap(images, pullReported, { concurrency: 2 })
      // An image pulled by digest has no name yet, and a node looks for the name.
      for (const image of release.images) await docker(['tag', referenceOf(image), image.name], { signal })
      // preload removes its base image: a name of ours, so that a kindest/node of the user's stays.
      const bare = tag.replace('node:', 'node-bare:')
      await docker(['tag', referenceOf(release.node), bare], { signal })
      return bare
    },
    load: (write) => save(release.images.map(({ name }) => name), arch, write, signal),
    say: (step) => report([step]),
    signal,
  })
  return {
    source: 'release',
    node,
    kind: fileOf('kind'),
    istioctl: fileOf('istioctl'),
    kubectl: 'kubectl',
    loadBalancerManifest: fileOf('metallb-native.yaml'),
    envoy: `the one of Istio ${release.roles['tag'] ?? ''}`,
    kubernetes: release.kubernetes,
    roles: release.roles,
    digests: await pMap(images, async (image) => ({ name: image.name, digest: await pulledDigest(image), source: 'release' as const })),
  }
}

const planOf = async (engine: EngineInfo, file: string) => {
  const release = Release.parse(parse(await readFile(file, 'utf8')))
  const arch = nodeArchitecture(engine)
  const { kind, istioctl } = release.programs
  const downloads = [
    downloadItem('kind', forThisHost('kind', kind), (path) => chmod(path, 0o755)),
    downloadItem('istioctl', forThisHost('istioctl', istioctl), unpackIstioctl),
    downloadItem('metallb-native.yaml', release.loadBalancerManifest, async () => undefined),
  ]
  return { release, arch, downloads, images: [release.node, ...release.images], tag: `meshproof/node:${await recipeKey([release, arch])}` }
}

const downloadItem = (name: string, from: { url: string; sha256: string }, finish: (path: string) => Promise<void>): BuildItem & { host: string } => ({
  name, key: from.sha256, host: new URL(from.url).host, lane: 'network', seconds: 5,
  make: async (folder, signal) => {
    await download(from, join(folder, name), signal)
    await finish(join(folder, name))
  },
})

const forThisHost = (name: string, { url, sha256 }: z.infer<typeof Program>): { url: string; sha256: string } => {
  const { os, arch } = hostPlatform()
  const checksum = sha256[`${os}-${arch}`]
  if (checksum) return { url: url.replace('{os}', os).replace('{arch}', arch), sha256: checksum }
  throw new MeshproofError('MP-322', {
    what: `No published ${name} is pinned for this platform`, where: `${os}-${arch}`,
    next: 'Run on Linux (amd64 or arm64), or use --images=source; the pins are in fixtures/images/release.yaml.',
  })
}

const unpackIstioctl = async (path: string): Promise<void> => {
  const archive = `${path}.tar.gz`
  await rename(path, archive)
  await execa('tar', ['-xzf', archive, '-C', join(path, '..'), 'istioctl'])
  await rm(archive)
  await chmod(path, 0o755)
}

const save = async (names: string[], arch: string, to: Writable, signal?: AbortSignal): Promise<void> => {
  // An engine that keeps whole indexes would otherwise name platforms it never pulled, and containerd refuses such an archive.
  const [major = 0, minor = 0] = (await docker(['version', '--format', '{{.Client.APIVersion}}'], { signal })).split('.').map(Number)
  const platform = major > 1 || minor >= 48 ? ['--platform', `linux/${arch}`] : []
  await docker(['save', ...platform, ...names], { stdout: Writable.toWeb(to), buffer: false, signal })
}
