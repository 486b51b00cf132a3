import { join } from 'node:path'
import { Writable } from 'node:stream'
import pMap from 'p-map'
import { docker, type EngineInfo } from '../engine/docker.ts'
import { buildAll, named, type BuildProgress } from './build.ts'
import { isCached } from './cache.ts'
import type { Images, UpgradeImages, Upgrading } from './images.ts'
import { preload, preloadedDigests } from './node-image.ts'
import { hostOf, pull, pulledDigest, referenceOf, requireRegistries, type PublishedImage } from './registry.ts'
import { imagesOf, istioctlOf, loadRelease, pinnedIstio, planOf, releaseFile, type Release, type ReleasePlan } from './release-plan.ts'

/** A guess that feeds the estimate of what remains; the line's speed decides. */
const secondsAnImage = 10

/**
 * Makes sure that the hosts of everything this machine still lacks answer; what is here already needs none of them.
 * @throws MeshproofError MP-320 within seconds when one does not, MP-322 when nothing is published for this platform.
 */
export const requireRelease = async (engine: EngineInfo, signal?: AbortSignal, file = releaseFile): Promise<void> => {
  const release = await loadRelease(file)
  await requireHosts(release, await planOf(release, [pinnedIstio(release)], engine), signal)
}

const requireHosts = async ({ node }: Release, { images, downloads, tag }: ReleasePlan, signal?: AbortSignal): Promise<void> => {
  const missing = await pMap(downloads, async ({ name, key, host }) => ((await isCached(name, key)) ? [] : [host]))
  const preloaded = await docker(['image', 'inspect', '--format', '{{.Id}}', tag], { signal }).then(() => true, () => false)
  await requireRegistries([...(preloaded ? [] : [node, ...images].map(hostOf)), ...missing.flat()], signal)
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
  const release = await loadRelease(file)
  const version = pinnedIstio(release)
  return (await fetchAll(release, [version], engine, progress, signal))(version)
}

/**
 * Two published versions of Istio, to upgrade between, in one node image; all else is what is pinned.
 * @throws MeshproofError as releaseImages does; MP-321 and MP-323 also for a version that was never published.
 */
export const releaseUpgrade = async (
  engine: EngineInfo,
  { from, to }: Upgrading,
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
  file = releaseFile,
): Promise<UpgradeImages> => {
  const imagesOfVersion = await fetchAll(await loadRelease(file), [...new Set([from, to])], engine, progress, signal)
  return { from: imagesOfVersion(from), to: imagesOfVersion(to) }
}

/** Downloads and pulls what these versions need and says what each of them is made of. */
const fetchAll = async (
  release: Release,
  versions: string[],
  engine: EngineInfo,
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
): Promise<(version: string) => Images> => {
  const plan = await planOf(release, versions, engine)
  await requireHosts(release, plan, signal)
  const { images, downloads, tag, arch } = plan
  const folders = await buildAll(downloads, progress, signal)
  const fileOf = (name: string): string => join(folders.get(name) ?? '', name)
  const pulled = [release.node, ...images]
  const of = downloads.length + pulled.length + 1
  const pulling = new Map<string, string>()
  let done = downloads.length
  const report = (building: string[]): void => progress({ building, done, of, remaining: Math.max(0, of - done - 1) * secondsAnImage + 30 })
  const pullReported = async (image: PublishedImage): Promise<void> => {
    const tell = (waitsFor: string): void => report([...pulling.set(image.name, waitsFor)].map(([name, told]) => named(name, told)))
    tell('')
    await pull(image, arch, { signal, tell })
    pulling.delete(image.name)
    done += 1
  }
  const node = await preload({
    tag,
    base: async () => {
      await pMap(pulled, pullReported, { concurrency: 2 })
      // An image pulled by digest has no name yet, and a node looks for the name.
      for (const image of images) await docker(['tag', referenceOf(image), image.name], { signal })
      // preload removes its base image: a name of ours, so that a kindest/node of the user's stays.
      const bare = tag.replace('node:', 'node-bare:')
      await docker(['tag', referenceOf(release.node), bare], { signal })
      return bare
    },
    load: (write) => save(images.map(({ name }) => name), arch, write, signal),
    digests: async () => new Map(await pMap(pulled, async (image) => [image.name, await pulledDigest(image)] as const)),
    say: (step) => report([step]),
    signal,
  })
  const digests = await preloadedDigests(node)
  return (version) => ({
    source: 'release',
    node,
    kind: fileOf('kind'),
    istioctl: fileOf(istioctlOf(version)),
    kubectl: 'kubectl',
    loadBalancerManifest: fileOf('metallb-native.yaml'),
    envoy: `the one of Istio ${version}`,
    kubernetes: release.kubernetes,
    roles: { ...release.roles, tag: version },
    digests: [release.node, ...imagesOf(release, [version])].map(({ name }) => ({ name, digest: digests.get(name) ?? '', source: 'release' as const })),
  })
}

const save = async (names: string[], arch: string, to: Writable, signal?: AbortSignal): Promise<void> => {
  // An engine that keeps whole indexes would otherwise name platforms it never pulled, and containerd refuses such an archive.
  const [major = 0, minor = 0] = (await docker(['version', '--format', '{{.Client.APIVersion}}'], { signal })).split('.').map(Number)
  const platform = major > 1 || minor >= 48 ? ['--platform', `linux/${arch}`] : []
  await docker(['save', ...platform, ...names], { stdout: Writable.toWeb(to), buffer: false, signal })
}
