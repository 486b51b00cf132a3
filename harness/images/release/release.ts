import { join } from 'node:path'
import { Writable } from 'node:stream'
import pMap from 'p-map'
import coerce from 'semver/functions/coerce.js'
import gte from 'semver/functions/gte.js'
import { docker, nodeArchitecture, type EngineInfo } from '#engine/docker.ts'
import { buildAll, named, type BuildProgress } from '#images/build.ts'
import { inEngine, withFiles } from './files.ts'
import type { Images, UpgradeImages, Upgrading, Wanted } from '#images/images.ts'
import type { Patience } from './patience.ts'
import { preload, preloadedDigests } from '#images/node-image.ts'
import { hostOf, mirroredIn, referenceOf, requireRegistries, type PublishedImage } from './registry.ts'
import { istioctlOf, missingHosts, releaseItems } from './release-items.ts'
import { downloadsOf, imagesOf, loadRelease, planOf, type Downloads, type ReleasePlan } from './release-plan.ts'
import { resolveVersions } from './resolve-versions.ts'
import { pull, pulledDigest } from './transfer.ts'

/** A guess that feeds the estimate of what remains; the line's speed decides. */
const secondsAnImage = 10

/**
 * What is wanted of published artifacts, planned, with the files for this host; and the mirror it all comes from, where
 * there is one.
 */
export type Planned = { plan: ReleasePlan; downloads: Downloads; registry: string | undefined }

/**
 * Plans a lab of published, pinned artifacts, or an upgrade between two published versions, and makes sure that the
 * hosts of everything this machine still lacks answer; what is here already needs none of them.
 * @throws MeshproofError MP-320 within seconds when one does not, MP-322 when nothing is published for this platform,
 * MP-330 for pins that cannot be read, and MP-331 to MP-333 when versions cannot be resolved.
 */
export const planRelease = async (
  wanted: Omit<Wanted, 'images'>,
  engine: EngineInfo,
  patience: Patience = {},
  upgrading?: Upgrading,
): Promise<Planned> => {
  const release = await loadRelease(wanted.pins)
  const versions = await resolveVersions(release, wanted, patience)
  const istio = upgrading === undefined ? versions.istio : [...new Set([upgrading.from, upgrading.to])]
  const plan = await planOf(release, { ...versions, istio }, nodeArchitecture(engine))
  const [downloads, { registry }] = [downloadsOf(release, plan.versions), wanted]
  const preloaded = await inEngine(plan.preloaded)
  const hosts = preloaded ? [] : [plan.node, ...plan.images].map((image) => hostOf(mirroredIn(registry, image)))
  await requireRegistries(
    [...hosts, ...(await missingHosts({ downloads, files: plan.files }, registry))],
    patience.signal,
  )
  return { plan, downloads, registry }
}

/**
 * Everything a lab needs from what is published. The user's own kubectl is used.
 * @throws MeshproofError MP-320 when a host does not answer, MP-321 when a file and MP-323 when an image cannot be had,
 * MP-311 on a wrong checksum.
 */
export const releaseImages = async (
  planned: Planned,
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
): Promise<Images> => (await fetchAll(planned, progress, signal))(planned.plan.versions.istio[0] ?? '')

/**
 * Two published versions of Istio, to upgrade between, in one node image; all else is the same.
 * @throws MeshproofError as releaseImages does; MP-321 and MP-323 also for a version that was never published.
 */
export const releaseUpgrade = async (
  planned: Planned,
  { from, to }: Upgrading,
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
): Promise<UpgradeImages> => {
  const imagesOfVersion = await fetchAll(planned, progress, signal)
  return { from: imagesOfVersion(from), to: imagesOfVersion(to) }
}

/** Downloads and pulls what is planned and says what each version of Istio is made of. */
const fetchAll = async (
  { plan, downloads, registry }: Planned,
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
): Promise<(version: string) => Images> => {
  const { release, versions, arch } = plan
  const folders = await withFiles(plan, registry, async (fetch) =>
    buildAll(await releaseItems(downloads, fetch), progress, signal),
  )
  const fileOf = (name: string): string => join(folders.get(name) ?? '', name)
  const published = [plan.node, ...plan.images]
  const of = folders.size + published.length + 1
  const pulling = new Map<string, string>()
  let done = folders.size
  const report = (building: string[]): void =>
    progress({ building, done, of, remaining: Math.max(0, of - done - 1) * secondsAnImage + 30 })
  const pullReported = async (image: PublishedImage): Promise<void> => {
    const tell = (waitsFor: string): void =>
      report([...pulling.set(image.name, waitsFor)].map(([name, told]) => named(name, told)))
    tell('')
    await pull(mirroredIn(registry, image), arch, { signal, tell })
    pulling.delete(image.name)
    done += 1
  }
  const node = await preload({
    tag: plan.preloaded,
    base: async () => {
      await pMap(published, pullReported, { concurrency: 2 })
      // An image pulled by digest has no name yet, and one of a mirror another name; a node looks for the published
      // name.
      for (const image of plan.images)
        await docker(['tag', referenceOf(mirroredIn(registry, image)), image.name], { signal })
      // preload removes its base image: a name of ours, so that a kindest/node of the user's stays.
      const bare = plan.preloaded.replace('node:', 'node-bare:')
      await docker(['tag', referenceOf(mirroredIn(registry, plan.node)), bare], { signal })
      return bare
    },
    load: (write) =>
      save(
        plan.images.map(({ name }) => name),
        arch,
        write,
        signal,
      ),
    digests: () =>
      pMap(published, async (image) => [image.name, await pulledDigest(mirroredIn(registry, image))] as const),
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
    kubernetes: versions.kubernetes,
    roles: { ...release.roles, tag: version },
    digests: [plan.node, ...imagesOf(release, [version])].map(({ name }) => ({
      name,
      digest: digests.get(name) ?? '',
      source: 'release' as const,
    })),
  })
}

const save = async (names: string[], arch: string, to: Writable, signal?: AbortSignal): Promise<void> => {
  // An engine that keeps whole indexes would otherwise name platforms it never pulled, and containerd refuses such an
  // archive.
  const client = coerce(await docker(['version', '--format', '{{.Client.APIVersion}}'], { signal }))
  const platform = client && gte(client, '1.48.0') ? ['--platform', `linux/${arch}`] : []
  await docker(['save', ...platform, ...names], { stdout: Writable.toWeb(to), buffer: false, signal })
}
