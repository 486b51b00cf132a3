import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { docker, nodeArchitecture } from '#engine/docker.ts'
import { ensureEngine } from '#run/ensure-engine.ts'
import type { BuildProgress } from '#images/build-progress.ts'
import { taskStack } from '#run/task-stack.ts'
import { packHelm } from './helm.ts'
import { writePins } from './pins.ts'
import { publish } from './publish.ts'
import { startRegistry } from './registry.ts'
import { serveSite } from './site.ts'

/** Always the same ports, because the key of a preloaded node image contains the addresses of its images. */
const ports = { registry: 15500, site: 15501 }

/** A publisher on this machine: a registry, a download site, and the pins with which a run uses them. */
export type Stage = {
  /** `host:port` of the registry, and of the download site below. */
  registry: string
  site: string
  /** Path of the pins. */
  pins: string
  istio: string
  kubernetes: string
  /** The folder that the download site serves, and the folder with the registry's storage. */
  files: string
  storage: string
  arch: string
  /** Stops both and removes from the engine what was pulled from the registry. Preloaded node images stay. */
  stop: () => Promise<void>
}

/**
 * Starts the publisher. The first call builds and publishes everything, which takes minutes. Later calls take seconds.
 * @throws MeshproofError as a source build does; MP-202 when the registry does not start.
 */
export const startStage = async (
  print: (line: string) => void,
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
): Promise<Stage> => {
  const engine = await ensureEngine(print, signal)
  const arch = nodeArchitecture(engine)
  const published = await publish(arch, ports.registry, progress, signal)
  const cleanUp = taskStack()
  try {
    const folder = await mkdtemp(join(tmpdir(), 'meshproof-rehearsal-'))
    cleanUp.push({ name: 'the folder of the rehearsal', undo: () => rm(folder, { recursive: true }) })
    const { host, stop } = await startRegistry({ arch, port: ports.registry, storage: published.storage }, signal)
    cleanUp.push({ name: 'the registry', undo: stop })
    cleanUp.push({ name: 'what was pulled from it', undo: () => removePulled(host) })
    const files = join(folder, 'site')
    await mkdir(files)
    const { address, close } = await serveSite(files, ports.site)
    cleanUp.push({ name: 'the download site', undo: close })
    const pins = join(folder, 'pins.yaml')
    const archives = await packHelm(published.istio, folder, engine, progress, signal)
    await writePins(published, archives, { registry: host, site: address }, files, pins)
    const {
      istio,
      recipes: { kubernetes },
      storage,
    } = published
    return { registry: host, site: address, pins, files, istio, kubernetes, storage, arch, stop: cleanUp.unwind }
  } catch (error) {
    await cleanUp.unwind()
    throw error
  }
}

/**
 * Removes every image of the engine whose name begins with this registry. Tags are removed before digests, because the
 * engine removes a digest with the last tag of its repository.
 */
export const removePulled = async (host: string): Promise<void> => {
  for (const form of ['{{.Repository}}:{{.Tag}}', '{{.Repository}}@{{.Digest}}']) {
    const listed = await docker(['images', '--digests', '--format', form])
    const names = [...new Set(listed.split('\n'))].filter(
      (name) => name.startsWith(`${host}/`) && !name.endsWith('<none>'),
    )
    if (names.length > 0) await docker(['rmi', ...names])
  }
}
