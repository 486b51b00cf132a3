import { chmod, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { parse } from 'yaml'
import { z } from 'zod'
import { nodeArchitecture, type EngineInfo } from '../engine/docker.ts'
import { MeshproofError } from '../errors.ts'
import type { BuildItem } from './build.ts'
import { download, publishedChecksum } from './download.ts'
import { hostPlatform } from './go.ts'
import { recipeFolder, recipeKey } from './recipes.ts'
import type { PublishedImage } from './registry.ts'

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

/** `release.yaml`, validated. */
export type Release = z.infer<typeof Release>

/** The pins of `--images=release`. */
export const releaseFile = join(recipeFolder, 'release.yaml')

/** Reads the pins. */
export const loadRelease = async (file: string): Promise<Release> => Release.parse(parse(await readFile(file, 'utf8')))

/** The version of Istio that is pinned. */
export const pinnedIstio = ({ roles }: Release): string => roles['tag'] ?? ''

/** What has to be had for some versions of Istio: files by the host that has them, images beside the node's, and the preloaded node image's name. */
export type ReleasePlan = { arch: string; downloads: (BuildItem & { host: string })[]; images: PublishedImage[]; tag: string }

/** What istioctl of a version is called among what is downloaded. */
export const istioctlOf = (version: string): string => `istioctl-${version}`

/** What these versions need on this machine. @throws MeshproofError MP-322 when nothing is published for this platform. */
export const planOf = async (release: Release, versions: string[], engine: EngineInfo): Promise<ReleasePlan> => {
  const arch = nodeArchitecture(engine)
  const { kind, istioctl } = release.programs
  const istioctls = versions.map(async (version) => {
    const { url, sha256 } = forThisHost('istioctl', istioctl)
    const from = { url: url.replaceAll('{istio}', version), ...(version === pinnedIstio(release) ? { sha256 } : {}) }
    return downloadItem(istioctlOf(version), from, unpackIstioctl)
  })
  const downloads = await Promise.all([
    downloadItem('kind', forThisHost('kind', kind), (path) => chmod(path, 0o755)),
    ...istioctls,
    downloadItem('metallb-native.yaml', release.loadBalancerManifest, async () => undefined),
  ])
  return { arch, downloads, images: imagesOf(release, versions), tag: `meshproof/node:${await recipeKey([release, versions.toSorted(), arch])}` }
}

/** The images of some versions of Istio; what is no image of Istio's own is the same for all. A version that is not pinned has no digest yet. */
export const imagesOf = (release: Release, versions: string[]): PublishedImage[] => release.images.flatMap((image) => {
  const [own, pinned] = [`${release.roles['hub'] ?? ''}/`, `:${pinnedIstio(release)}`]
  if (!image.name.startsWith(own) || !image.name.endsWith(pinned)) return [image]
  return versions.map((version) => (version === pinnedIstio(release) ? image : { name: image.name.replace(pinned, `:${version}`), digest: undefined }))
})

/** A file without a checksum of ours has one published beside it, and is cached by where it comes from. */
const downloadItem = async (name: string, { url, sha256 }: { url: string; sha256?: string }, finish: (path: string) => Promise<void>): Promise<BuildItem & { host: string }> => ({
  name, key: sha256 ?? await recipeKey(url), host: new URL(url).host, lane: 'network', seconds: 5,
  make: async (folder, signal, tell) => {
    const patience = { signal, tell }
    await download({ url, sha256: sha256 ?? await publishedChecksum(`${url}.sha256`, patience) }, join(folder, name), patience)
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
  await execa('tar', ['-xzf', archive, '-C', dirname(path), 'istioctl'])
  await rm(archive)
  await rename(join(dirname(path), 'istioctl'), path)
  await chmod(path, 0o755)
}
