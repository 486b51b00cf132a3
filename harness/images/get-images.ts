import type { EngineInfo } from '#engine/docker.ts'
import { MeshproofError } from '#errors.ts'
import { tellOf, type BuildProgress } from './build-progress.ts'
import { findCharts, isRepository } from './charts.ts'
import { sourceGatewayApi } from './gateway-api.ts'
import { istioOfClusters, type IstioOfClusters, istioVersions } from './istio-of-clusters.ts'
import type { HelmImages, Images, ImageSource, UpgradeImages, Upgrading, Wanted } from './images.ts'
import { pullCharts } from './pull-charts.ts'
import { planRelease, releaseImages, releaseUpgrade } from '#images/release/release.ts'
import { sourceImages, sourceUpgrade } from '#images/source/source.ts'
import { sourceEcho } from '#images/source/source-judges.ts'
import { sourceHelm } from '#images/source/source-helm.ts'

/**
 * What getting images needs besides `Wanted`: the engine, and functions that report progress. `say` takes whole lines.
 */
export type Getting = {
  engine: EngineInfo
  say: (line: string) => void
  progress: (now: BuildProgress) => void
  signal?: AbortSignal | undefined
}

/**
 * Gets a lab’s images, and Helm with its charts where it installs the mesh.
 * @throws MeshproofError whatever the chosen source throws; under `auto`, never MP-320; MP-360 and MP-361 for charts of
 * the user’s own that are missing.
 */
export const getImages = async (asked: Wanted, getting: Getting): Promise<Images> => {
  const { say, signal } = getting
  const images = await withEcho(await withGatewayApi(await imagesFrom(asked, getting), asked, say), asked, getting)
  if (asked.installer !== 'helm') return images
  const helm = await helmOf(images, asked, getting)
  const tag = images.roles['tag'] ?? ''
  say(`Helm: ${helm.version}, charts ${asked.charts === undefined ? `of Istio ${tag}` : `from ${asked.charts}`}`)
  if (asked.charts === undefined) return { ...images, helm }
  // Only a published version names charts of a repository. What is built here takes the newest.
  const version = images.source === 'release' ? tag : undefined
  const charts = isRepository(asked.charts)
    ? await pullCharts(asked.charts, { program: helm.program, version, registry: asked.registry, signal })
    : await findCharts(asked.charts)
  const own = { ...helm, charts }
  return {
    ...images,
    helm: own,
    ...(images.ofClusters && {
      ofClusters: Object.fromEntries(
        Object.entries(images.ofClusters).map(([cluster, release]) => [cluster, { ...release, helm: own }]),
      ),
    }),
  }
}

/** Images with the Gateway API where gateways are its resources. Published images come with it. */
const withGatewayApi = async <T extends Images>(
  images: T,
  { gateways }: Pick<Wanted, 'gateways'>,
  say: (line: string) => void,
): Promise<T> => {
  if (gateways !== 'gateway-api') return images
  const gatewayApi = images.gatewayApi ?? (await sourceGatewayApi())
  say(`Gateway API: ${gatewayApi.version}`)
  return { ...images, gatewayApi }
}

/**
 * Images with that of echo, where the plan asks it: the one that is named, or the one of the release, built here. A
 * published release has no image of echo; then checks that ask echo are skipped.
 */
const withEcho = async (
  images: Images,
  { echo, echoImage, istioSource }: Pick<Wanted, 'echo' | 'echoImage' | 'istioSource'>,
  { engine, progress, signal }: Getting,
): Promise<Images> => {
  if (!echo) return images
  if (echoImage !== undefined) return { ...images, echo: { name: echoImage } }
  if (images.source === 'release') return images
  const release = images.roles['tag'] ?? ''
  return { ...images, echo: await sourceEcho({ istioSource, release }, engine, progress, signal) }
}

/** Helm with the charts of the release of some images. Published images come with it. */
const helmOf = async (
  { helm, roles }: Images,
  { istioSource }: Pick<Wanted, 'istioSource'>,
  { engine, progress, signal }: Getting,
): Promise<HelmImages> =>
  helm ?? (await sourceHelm({ istioSource, release: roles['tag'] ?? '' }, engine, progress, signal))

/**
 * Gets a lab's images from the source that `resolveImageSource` has settled, and says in one line which it is and why.
 * Under `auto` these are the published images, once every registry has answered (5 s at most, nothing when they are
 * here already). They are built from source where a host does not answer, be it later, in the middle of a pull. A
 * source build that is already cached does not change that order: which images a run gets depends on what can be
 * reached, not on what ran before.
 * @throws MeshproofError whatever the chosen source throws; under `auto`, never MP-320.
 */
const imagesFrom = async (given: Wanted, getting: Getting): Promise<Images> => {
  const { engine, say, progress, signal } = getting
  const { images: wanted, registry } = given
  const [istio, other] = istioVersions(given.istio)
  const ofClusters = istioOfClusters(given.istio)
  if (ofClusters && other !== undefined && wanted !== 'auto') return mixedImages(wanted, ofClusters, given, getting)
  const asked = { ...given, istio }
  if (wanted === 'source') {
    say(`Images: source (${asked.istioSource === undefined ? 'as asked' : `Istio from ${asked.istioSource}`})`)
    return sourceImages(asked, engine, progress, signal)
  }
  try {
    const planned = await planRelease(asked, engine, { signal, tell: tellOf(progress, 'versions') })
    const why = wanted === 'auto' ? 'every registry answers' : 'as asked'
    say(`Images: release (${registry === undefined ? why : `from ${registry}`})`)
    return await releaseImages(planned, progress, signal)
  } catch (error) {
    if (wanted !== 'auto' || !(error instanceof MeshproofError) || error.code !== 'MP-320') throw error
    say(`Images: source (${error.message})`)
    return sourceImages(asked, engine, progress, signal)
  }
}

/**
 * Gets the images of both releases of an upgrade, in one node image, from the source that `resolveUpgradeSource` has
 * settled, and says in one line which it is and why. `asked` is what the user wanted.
 * @throws MeshproofError whatever the chosen source throws.
 */
export const getUpgradeImages = async (
  source: ImageSource,
  asked: Wanted,
  { from, to }: Upgrading,
  getting: Getting,
): Promise<UpgradeImages> => {
  const { engine, say, progress, signal } = getting
  say(`Images: ${source} (${asked.images === 'auto' ? `it has ${from} and ${to}` : 'as asked'})`)
  if (source === 'source') {
    const built = await sourceUpgrade(asked, engine, { from, to }, progress, signal)
    const old = await withGatewayApi(built.from, asked, say)
    const images = { from: old, to: { ...built.to, gatewayApi: old.gatewayApi } }
    if (asked.installer !== 'helm') return images
    const withHelm = async (release: Images): Promise<Images> => ({
      ...release,
      helm: await helmOf(release, {}, getting),
    })
    return { from: await withHelm(images.from), to: await withHelm(images.to) }
  }
  const published = { ...asked, istio: undefined }
  const planned = await planRelease(published, engine, { signal, tell: tellOf(progress, 'versions') }, { from, to })
  return releaseUpgrade(planned, { from, to }, progress, signal)
}

/**
 * Gets the images of a mesh whose clusters run two releases, in one node image. What the clusters share is that of the
 * first release.
 */
const mixedImages = async (
  source: ImageSource,
  ofClusters: IstioOfClusters,
  asked: Wanted,
  getting: Getting,
): Promise<Images> => {
  const [first = '', second = first] = istioVersions(asked.istio)
  const both = await getUpgradeImages(source, asked, { from: first, to: second }, getting)
  const releaseOf = ({ istioctl, roles, envoy, helm }: Images): NonNullable<Images['ofClusters']>[string] => ({
    istioctl,
    tag: roles['tag'] ?? '',
    envoy,
    ...(helm === undefined ? {} : { helm }),
  })
  const digests = [...both.from.digests, ...both.to.digests]
  return {
    ...both.from,
    digests: [...new Map(digests.map((digest) => [digest.name, digest])).values()],
    ofClusters: Object.fromEntries(
      Object.entries(ofClusters).map(([cluster, version]) => [
        cluster,
        releaseOf(version === first ? both.from : both.to),
      ]),
    ),
  }
}
