import { release, totalmem, cpus, platform, arch } from 'node:os'
import { execa } from 'execa'
import ownPackage from '../../package.json' with { type: 'json' }
import type { EngineInfo } from '#engine/docker.ts'
import { installerOf, type Images } from '#images/images.ts'
import type { Environment } from '#results/results.ts'

/** The machine and the versions of a run. They are unknown until the engine and the images are ready. */
export const environmentOf = async (engine?: EngineInfo, images?: Images): Promise<Environment> => ({
  os: `${platform()} ${release()} ${arch()}`,
  cpus: cpus().length,
  memoryBytes: totalmem(),
  meshproof: ownPackage.version,
  engine: engine ? `docker ${engine.ServerVersion}` : 'unknown',
  kind: images ? (await execa(images.kind, ['version'], { reject: false })).stdout || 'unknown' : 'unknown',
  kubernetes: images?.kubernetes ?? 'unknown',
  istio: images?.roles['tag'] ?? 'unknown',
  envoy: images?.envoy ?? 'unknown',
  ...(images === undefined ? {} : { installer: installerOf(images) }),
  ...(images?.helm === undefined ? {} : { helm: images.helm.version }),
  images: images?.digests ?? [],
})
