import { release, totalmem, cpus, platform, arch } from 'node:os'
import { execa } from '#programs.ts'
import ownPackage from '../../package.json' with { type: 'json' }
import type { EngineInfo } from '#engine/docker.ts'
import { installerOf, type Images } from '#images/images.ts'
import type { Environment } from '#results/results.ts'

/** The version of meshproof. */
export const ownVersion = ownPackage.version

/** The machine and the versions of a run. They are unknown until the engine and the images are ready. */
export const environmentOf = async (engine?: EngineInfo, images?: Images): Promise<Environment> => ({
  os: `${platform()} ${release()} ${arch()}`,
  cpus: cpus().length,
  memoryBytes: totalmem(),
  meshproof: ownVersion,
  node: process.version,
  engine: engine ? `docker ${engine.ServerVersion}` : 'unknown',
  kind: images ? (await execa(images.kind, ['version'], { reject: false })).stdout || 'unknown' : 'unknown',
  kubernetes: images?.kubernetes ?? 'unknown',
  istio: ofEach(images, ({ tag }) => tag) ?? images?.roles['tag'] ?? 'unknown',
  envoy: ofEach(images, ({ envoy }) => envoy) ?? images?.envoy ?? 'unknown',
  ...(images === undefined ? {} : { installer: installerOf(images) }),
  ...(images?.helm === undefined ? {} : { helm: images.helm.version }),
  ...(images?.gatewayApi === undefined ? {} : { gatewayApi: images.gatewayApi.version }),
  images: images?.digests ?? [],
})

/** A version of each cluster, where the clusters run different releases: `cluster1 1.31-dev, cluster2 1.30-dev`. */
const ofEach = (
  images: Images | undefined,
  versionOf: (release: NonNullable<Images['ofClusters']>[string]) => string,
): string | undefined =>
  images?.ofClusters &&
  Object.entries(images.ofClusters)
    .map(([cluster, ofCluster]) => `${cluster} ${versionOf(ofCluster)}`)
    .join(', ')
