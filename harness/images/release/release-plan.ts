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
  /** Helm and the charts of a release, which only `--installer=helm` needs. */
  helm: z.strictObject({ version: z.string(), url: z.string(), checksum: z.string() }).optional(),
  charts: z.strictObject({ url: z.string(), checksum: z.string() }).optional(),
  /** The files of the Gateway API, which only `--gateways=gateway-api` needs: their checksums by their names. */
  gatewayApi: z.strictObject({ version: z.string(), url: z.string(), sha256: z.record(z.string(), Sha256) }).optional(),
})

/** The content of a valid `release.yaml`. */
export type Release = z.infer<typeof Release>

/** The path of the pins for `--images=release`. */
export const releaseFile = join(recipeFolder, 'release.yaml')

/** Reads a file of pins. @throws MeshproofError MP-330 for a file that cannot be read or is not valid. */
export const loadRelease = async (file: string = releaseFile): Promise<Release> => {
  const broken = (why: string, cause?: unknown): MeshproofError =>
    new MeshproofError('MP-330', {
      what: 'The pins of published artifacts cannot be read',
      where: file,
      why,
      next: 'Compare it with fixtures/images/release.yaml.',
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
  throw broken(`${issue?.path.join('.') || 'the file'}: ${issue?.message ?? ''}`)
}

/** The version of Istio that is pinned. */
export const pinnedIstio = ({ roles }: Release): string => roles['tag'] ?? ''

/**
 * Complete versions: one of Istio, or two for an upgrade; that of Kubernetes with the leading v; that of Helm where it
 * installs; that of the Gateway API, with the leading v, where gateways are its resources.
 */
export type Versions = { istio: string[]; kubernetes: string; kind: string; helm?: string; gatewayApi?: string }

/** The versions that are pinned. */
export const pinnedVersions = (release: Release): Versions => ({
  istio: [pinnedIstio(release)],
  kubernetes: release.kubernetes,
  kind: release.kind,
})

/**
 * The version of Helm that is pinned.
 * @throws MeshproofError MP-330 for pins without Helm or without charts.
 */
export const pinnedHelm = ({ helm, charts }: Release, file: string = releaseFile): string => {
  if (helm !== undefined && charts !== undefined) return helm.version
  throw new MeshproofError('MP-330', {
    what: 'The pins of published artifacts have no Helm',
    where: file,
    why: `${helm === undefined ? 'helm' : 'charts'} is missing, which --installer=helm needs`,
    next: 'Take both from fixtures/images/release.yaml.',
  })
}

/** The release of the Gateway API that is pinned. @throws MeshproofError MP-330 for pins without it. */
export const pinnedGatewayApi = ({ gatewayApi }: Release, file: string = releaseFile): string => {
  if (gatewayApi !== undefined) return gatewayApi.version
  throw new MeshproofError('MP-330', {
    what: 'The pins of published artifacts have no Gateway API',
    where: file,
    why: 'gatewayApi is missing, which --gateways=gateway-api needs',
    next: 'Take it from fixtures/images/release.yaml.',
  })
}

/** A published file, with the pinned checksum or the address at which its publisher puts the checksum. */
export type PublishedDownload = { url: string; checksum: { pinned: string } | { published: string } }

/** The programs and the manifest that a lab needs besides images, for a platform of hosts. */
export type Downloads = {
  kind: PublishedDownload
  istioctl: Map<string, PublishedDownload>
  loadBalancerManifest: PublishedDownload
  /** Helm, and Istio’s archive with the charts by its version; only where Helm installs the mesh. */
  helm?: PublishedDownload
  charts?: Map<string, PublishedDownload>
  /** The manifests of the Gateway API by their names; only where gateways are its resources. */
  gatewayApi?: Map<string, PublishedDownload>
}

/**
 * The files that are downloaded for these versions on a platform.
 * @throws MeshproofError MP-322 when nothing is published for it.
 */
export const downloadsOf = (
  { programs, loadBalancerManifest, ...release }: Release,
  { istio, kind, helm, gatewayApi }: Versions,
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
    ...(helm === undefined ? {} : helmDownloads(release, { istio, helm }, platform)),
    ...(gatewayApi === undefined ? {} : { gatewayApi: gatewayApiDownloads(release) }),
  }
}

const gatewayApiDownloads = ({ gatewayApi }: Pick<Release, 'gatewayApi'>): Map<string, PublishedDownload> =>
  new Map(
    Object.entries(gatewayApi?.sha256 ?? {}).map(([file, pinned]) => [
      file,
      { url: gatewayApi?.url.replace('{file}', file) ?? '', checksum: { pinned } },
    ]),
  )

const helmDownloads = (
  { helm: program, charts }: Pick<Release, 'helm' | 'charts'>,
  { istio, helm }: { istio: string[]; helm: string },
  { os, arch }: { os: string; arch: string },
): Pick<Downloads, 'helm' | 'charts'> => {
  const file = (template: { url: string; checksum: string }, version: string): PublishedDownload => {
    const url = template.url
      .replaceAll(/\{(helm|istio)\}/g, version)
      .replace('{os}', os)
      .replace('{arch}', arch)
    return { url, checksum: { published: `${url}${template.checksum}` } }
  }
  return {
    ...(program ? { helm: file(program, helm) } : {}),
    ...(charts ? { charts: new Map(istio.map((version) => [version, file(charts, version)])) } : {}),
  }
}

/** The platforms of hosts for which the programs are pinned. */
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

/** The node image. It has no digest where its version is not pinned. */
const nodeOf = ({ node, kubernetes: pinned }: Release, { kubernetes }: Pick<Versions, 'kubernetes'>): PublishedImage =>
  kubernetes === pinned ? node : { name: node.name.replace(/:[^:/]+$/, `:${kubernetes}`), digest: undefined }

/**
 * The images besides the node image: those of Istio for each version, and those that are the same for every version. An
 * image has no digest where its version is not pinned.
 */
export const imagesOf = (release: Release, versions: string[]): PublishedImage[] =>
  release.images.flatMap((image) => {
    const [hub, pinned] = [`${release.roles['hub'] ?? ''}/`, `:${pinnedIstio(release)}`]
    if (!image.name.startsWith(hub) || !image.name.endsWith(pinned)) return [image]
    return versions.map((version) =>
      version === pinnedIstio(release) ? image : { name: image.name.replace(pinned, `:${version}`), digest: undefined },
    )
  })

/** The files that these versions need on every platform. */
export const filesOf = (release: Release, versions: Versions): PublishedDownload[] => {
  const files = platformsOf(release)
    .map((platform) => downloadsOf(release, versions, platform))
    .flatMap(({ kind, istioctl, loadBalancerManifest, helm, charts, gatewayApi }) => [
      kind,
      ...istioctl.values(),
      loadBalancerManifest,
      ...(helm === undefined ? [] : [helm]),
      ...(charts?.values() ?? []),
      ...(gatewayApi?.values() ?? []),
    ])
  return [...new Map(files.map((file) => [file.url, file])).values()]
}

/** The published artifacts of a lab of some versions. */
export type ReleasePlan = {
  release: Release
  versions: Versions
  arch: string
  node: PublishedImage
  images: PublishedImage[]
  /** The name of the preloaded node image that is built from them. */
  preloaded: string
  /** The name of the image of the files of every platform. */
  files: string
}

/** What these versions need on nodes of an architecture. */
export const planOf = async (release: Release, versions: Versions, arch: string): Promise<ReleasePlan> => {
  // Helm, its charts and the Gateway API are in no image: a lab with them has the same node image as any other.
  const { helm: _helm, charts: _charts, gatewayApi: _gatewayApi, ...ofImages } = release
  const { helm: _installer, gatewayApi: _resources, ...versionsOfImages } = versions
  const sorted = { ...versionsOfImages, istio: versions.istio.toSorted() }
  return {
    release,
    versions,
    arch,
    node: nodeOf(release, versions),
    images: imagesOf(release, versions.istio),
    preloaded: `meshproof/node:${await recipeKey([ofImages, sorted, arch], ['node'])}`,
    files: `meshproof/files:${await recipeKey(filesOf(release, versions))}`,
  }
}
