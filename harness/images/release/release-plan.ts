import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { MeshproofError, reasonOf } from '#errors.ts'
import { hostPlatform } from '#images/source/go.ts'
import { recipeFolder, recipeKey } from '#images/source/recipes.ts'
import type { PublishedImage } from './registry.ts'

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const Program = z.strictObject({ url: z.string(), checksum: z.string(), sha256: z.record(z.string(), Sha256) })
const Image = z
  .string()
  .regex(/^[^/@]+\/[^@]+:[\w.-]+(@sha256:[0-9a-f]{64})?$/)
  .transform((reference): PublishedImage => {
    const [name = '', digest] = reference.split('@')
    return { name, digest }
  })

const Release = z.strictObject({
  kubernetes: z.string(),
  kind: z.string(),
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

/** Reads pins. @throws MeshproofError MP-330 for a file that cannot be read or is not of that form. */
export const loadRelease = async (file: string = releaseFile): Promise<Release> => {
  const broken = (why: string, cause?: unknown): MeshproofError =>
    new MeshproofError('MP-330', {
      what: 'The pins of published artifacts cannot be read',
      where: file,
      why,
      next: 'Take fixtures/images/release.yaml as a pattern.',
      cause,
    })
  const content = (await readFile(file, 'utf8')
    .then(parse)
    .catch((cause: unknown) => {
      throw broken(reasonOf(cause), cause)
    })) as unknown
  const read = Release.safeParse(content)
  if (read.success) return read.data
  const [issue] = read.error.issues
  throw broken(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`)
}

/** The version of Istio that is pinned. */
export const pinnedIstio = ({ roles }: Release): string => roles['tag'] ?? ''

/** Whole versions: of Istio one, or two to upgrade between; of Kubernetes with its v. */
export type Versions = { istio: string[]; kubernetes: string; kind: string }

/** The versions that are pinned. */
export const pinnedVersions = (release: Release): Versions => ({
  istio: [pinnedIstio(release)],
  kubernetes: release.kubernetes,
  kind: release.kind,
})

/** A file that is published: where, the checksum that is pinned for it, or else where its publisher puts one. */
export type PublishedDownload = { url: string; checksum: { pinned: string } | { published: string } }

/** The programs and the manifest that a lab needs beside images, for one platform of hosts. */
export type Downloads = {
  kind: PublishedDownload
  istioctl: Map<string, PublishedDownload>
  loadBalancerManifest: PublishedDownload
}

/**
 * What is downloaded for these versions on a platform. @throws MeshproofError MP-322 when nothing is published for it.
 */
export const downloadsOf = (
  { programs, loadBalancerManifest, ...release }: Release,
  { istio, kind }: Versions,
  platform = hostPlatform(),
): Downloads => {
  const program = (name: keyof Release['programs'], version: string, pinned: string): PublishedDownload => {
    const { url: template, checksum, sha256 } = programs[name]
    const known = sha256[`${platform.os}-${platform.arch}`]
    if (known === undefined) throw unpublished(name, platform)
    const url = template
      .replaceAll(`{${name === 'kind' ? 'kind' : 'istio'}}`, version)
      .replace('{os}', platform.os)
      .replace('{arch}', platform.arch)
    return { url, checksum: version === pinned ? { pinned: known } : { published: `${url}${checksum}` } }
  }
  return {
    kind: program('kind', kind, release.kind),
    istioctl: new Map(istio.map((version) => [version, program('istioctl', version, release.roles['tag'] ?? '')])),
    loadBalancerManifest: { url: loadBalancerManifest.url, checksum: { pinned: loadBalancerManifest.sha256 } },
  }
}

/** The platforms of hosts that programs are pinned for. */
const platformsOf = ({ programs }: Release): { os: string; arch: string }[] =>
  Object.keys(programs.kind.sha256)
    .filter((platform) => platform in programs.istioctl.sha256)
    .map((platform) => {
      const [os = '', arch = ''] = platform.split('-')
      return { os, arch }
    })

const unpublished = (name: string, { os, arch }: { os: string; arch: string }): MeshproofError =>
  new MeshproofError('MP-322', {
    what: `No published ${name} is pinned for this platform`,
    where: `${os}-${arch}`,
    next: 'Run on Linux (amd64 or arm64), or use --images=source; the pins are in fixtures/images/release.yaml.',
  })

/** The node's image. One of a version that is not pinned has no digest yet. */
const nodeOf = ({ node, kubernetes: pinned }: Release, { kubernetes }: Pick<Versions, 'kubernetes'>): PublishedImage =>
  kubernetes === pinned ? node : { name: node.name.replace(/:[^:/]+$/, `:${kubernetes}`), digest: undefined }

/**
 * The images beside the node's: Istio's of some versions, and what is the same for all. One of a version that is not
 * pinned has no digest yet.
 */
export const imagesOf = (release: Release, versions: string[]): PublishedImage[] =>
  release.images.flatMap((image) => {
    const [own, pinned] = [`${release.roles['hub'] ?? ''}/`, `:${pinnedIstio(release)}`]
    if (!image.name.startsWith(own) || !image.name.endsWith(pinned)) return [image]
    return versions.map((version) =>
      version === pinnedIstio(release) ? image : { name: image.name.replace(pinned, `:${version}`), digest: undefined },
    )
  })

/** Every file that these versions need, for every platform. */
export const filesOf = (release: Release, versions: Versions): PublishedDownload[] => {
  const all = platformsOf(release)
    .map((platform) => downloadsOf(release, versions, platform))
    .flatMap(({ kind, istioctl, loadBalancerManifest }) => [kind, ...istioctl.values(), loadBalancerManifest])
  return [...new Map(all.map((file) => [file.url, file])).values()]
}

/** Everything published that a lab of some versions is made of, wherever it is got from. */
export type ReleasePlan = {
  release: Release
  versions: Versions
  arch: string
  node: PublishedImage
  images: PublishedImage[]
  /**
   * The names of two images that are made of these: the preloaded node image, and the image of the files of every
   * platform.
   */
  preloaded: string
  files: string
}

/** What these versions need on nodes of an architecture. */
export const planOf = async (release: Release, versions: Versions, arch: string): Promise<ReleasePlan> => {
  const sorted = { ...versions, istio: versions.istio.toSorted() }
  return {
    release,
    versions,
    arch,
    node: nodeOf(release, versions),
    images: imagesOf(release, versions.istio),
    preloaded: `meshproof/node:${await recipeKey([release, sorted, arch], ['node'])}`,
    files: `meshproof/files:${await recipeKey(filesOf(release, versions))}`,
  }
}
