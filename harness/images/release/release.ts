import { join } from 'node:path'
import { Writable } from 'node:stream'
import pMap from 'p-map'
import coerce from 'semver/functions/coerce.js'
import gte from 'semver/functions/gte.js'
import { docker, nodeArchitecture, type EngineInfo } from '#engine/docker.ts'
import { buildAll } from '#images/build.ts'
import { withWait, type BuildProgress } from '#images/build-progress.ts'
import { withFiles } from './files.ts'
import { type Charts, findCharts } from '#images/charts.ts'
import type { HelmImages, Images, UpgradeImages, Upgrading, Wanted } from '#images/images.ts'
import type { Patience } from './patience.ts'
import { buildPreloadedNode, hasPreloadedNode, preloadedDigests } from '#images/node-image.ts'
import { hostOf, mirroredIn, referenceOf, requireRegistries, type PublishedImage } from './registry.ts'
import { chartsOf, istioctlOf, missingHosts, releaseItems } from './release-items.ts'
import { downloadsOf, imagesOf, loadRelease, planOf, type Downloads, type ReleasePlan } from './release-plan.ts'
import { resolveVersions } from './resolve-versions.ts'
import { pull, pulledDigest } from './transfer.ts'

/** A guess for the estimate of the remaining time. The speed of the connection decides. */
const secondsAnImage = 10

/**
 * The published artifacts of a lab, the files for this machine, and the mirror that they come from, if there is one.
 */
export type Planned = { plan: ReleasePlan; downloads: Downloads; registry: string | undefined }

/**
 * Plans a lab of published artifacts, or an upgrade between two published versions. Makes sure that the hosts of
 * everything that this machine lacks answer.
 * @throws MeshproofError MP-320 within seconds when a host does not, MP-322 when nothing is published for this
 * platform, MP-330 for pins that cannot be read, and MP-331 to MP-333 when versions cannot be resolved.
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
  const preloaded = await hasPreloadedNode(plan.preloaded)
  const hosts = preloaded ? [] : [plan.node, ...plan.images].map((image) => hostOf(mirroredIn(registry, image)))
  await requireRegistries(
    [...hosts, ...(await missingHosts({ downloads, files: plan.files }, registry))],
    patience.signal,
  )
  return { plan, downloads, registry }
}

/**
 * Gets everything that a lab needs from publishers. The user's kubectl is used.
 * @throws MeshproofError MP-320 when a host does not answer, MP-321 when a file and MP-323 when an image cannot be had,
 * MP-311 on a wrong checksum.
 */
export const releaseImages = async (
  planned: Planned,
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
): Promise<Images> => (await fetchAll(planned, progress, signal))(planned.plan.versions.istio[0] ?? '')

/**
 * Gets both published versions of Istio for an upgrade, in one node image. Everything else is the same for both.
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

/** Downloads and pulls what is planned. Returns a function that gives the images of a version of Istio. */
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
  const total = folders.size + published.length + 1
  const pulling = new Map<string, string>()
  let done = folders.size
  const report = (building: string[]): void =>
    progress({ building, done, of: total, remaining: Math.max(0, total - done - 1) * secondsAnImage + 30 })
  const pullReported = async (image: PublishedImage): Promise<void> => {
    const tell = (waitsFor: string): void =>
      report([...pulling.set(image.name, waitsFor)].map(([name, wait]) => withWait(name, wait)))
    tell('')
    await pull(mirroredIn(registry, image), arch, { signal, tell })
    pulling.delete(image.name)
    done += 1
  }
  const node = await buildPreloadedNode({
    tag: plan.preloaded,
    base: async () => {
      await pMap(published, pullReported, { concurrency: 2 })
      // A node looks for the published name. An image that is pulled by digest has no name, and an image of a mirror
      // has another one.
      for (const image of plan.images)
        await docker(['tag', referenceOf(mirroredIn(registry, image)), image.name], { signal })
      // The bare node image is removed afterwards. It gets a name of this project, so that a kindest/node of the user
      // stays.
      const bare = plan.preloaded.replace('node:', 'node-bare:')
      await docker(['tag', referenceOf(mirroredIn(registry, plan.node)), bare], { signal })
      return bare
    },
    writeImages: (to) =>
      save(
        plan.images.map(({ name }) => name),
        arch,
        to,
        signal,
      ),
    digests: () =>
      pMap(published, async (image) => [image.name, await pulledDigest(mirroredIn(registry, image))] as const),
    report: (step) => report([step]),
    signal,
  })
  const digests = await preloadedDigests(node)
  const charts = new Map<string, Charts>()
  for (const version of downloads.charts?.keys() ?? []) charts.set(version, await findCharts(fileOf(chartsOf(version))))
  const helmWith = (version: string): HelmImages | undefined => {
    const ofVersion = charts.get(version)
    if (versions.helm === undefined || ofVersion === undefined) return undefined
    return { program: fileOf('helm'), version: `v${versions.helm}`, charts: ofVersion }
  }
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
    helm: helmWith(version),
    ...(versions.gatewayApi === undefined
      ? {}
      : {
          gatewayApi: {
            version: versions.gatewayApi,
            manifests: [...(downloads.gatewayApi?.keys() ?? [])].map(fileOf),
          },
        }),
  })
}

const save = async (names: string[], arch: string, to: Writable, signal?: AbortSignal): Promise<void> => {
  // Without --platform an engine that stores whole indexes names platforms in the archive that it has not pulled, and
  // containerd refuses such an archive.
  const client = coerce(await docker(['version', '--format', '{{.Client.APIVersion}}'], { signal }))
  const platform = client && gte(client, '1.48.0') ? ['--platform', `linux/${arch}`] : []
  await docker(['save', ...platform, ...names], { stdout: Writable.toWeb(to), buffer: false, signal })
}
