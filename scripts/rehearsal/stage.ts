import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { docker, nodeArchitecture } from '#engine/docker.ts'
import { ensureEngine } from '#run/ensure-engine.ts'
import type { BuildProgress } from '#images/build.ts'
import { taskStack } from '#run/task-stack.ts'
import { writePins } from './pins.ts'
import { publish } from './publish.ts'
import { startRegistry } from './registry.ts'
import { serveSite } from './site.ts'

/** The same ones each time: a preloaded node image is known by the addresses that its images came from. */
const ports = { registry: 15500, site: 15501 }

/** A publisher on this machine: a registry and a download site, and the pins that lead a run to them. */
export type Stage = {
  /** `host:port` of both. */
  registry: string
  site: string
  /** Path of the pins. */
  pins: string
  istio: string
  kubernetes: string
  /** The folder that the download site serves, and the one that holds the registry's images. */
  files: string
  storage: string
  arch: string
  /**
   * Stops both, and removes from the engine what was pulled from there; preloaded node images stay, as after every run.
   */
  stop: () => Promise<void>
}

/**
 * Brings the stage up. The first time builds and publishes everything, which takes minutes; then seconds.
 * @throws MeshproofError as a source build does; MP-202 when the registry does not start.
 */
export const startStage = async (
  say: (line: string) => void,
  progress: (now: BuildProgress) => void,
  signal?: AbortSignal,
): Promise<Stage> => {
  const arch = nodeArchitecture(await ensureEngine(say, signal))
  const published = await publish(arch, ports.registry, progress, signal)
  const made = taskStack()
  try {
    const folder = await mkdtemp(join(tmpdir(), 'meshproof-rehearsal-'))
    made.push({ name: 'the folder of the rehearsal', undo: () => rm(folder, { recursive: true }) })
    const { host, stop } = await startRegistry({ arch, port: ports.registry, storage: published.storage }, signal)
    made.push({ name: 'the registry', undo: stop })
    made.push({ name: 'what was pulled from it', undo: () => removePulled(host) })
    const files = join(folder, 'site')
    await mkdir(files)
    const { address, close } = await serveSite(files, ports.site)
    made.push({ name: 'the download site', undo: close })
    const pins = join(folder, 'pins.yaml')
    await writePins(published, { registry: host, site: address }, files, pins)
    const {
      istio,
      recipes: { kubernetes },
      storage,
    } = published
    return { registry: host, site: address, pins, files, istio, kubernetes, storage, arch, stop: made.unwind }
  } catch (error) {
    await made.unwind()
    throw error
  }
}

/**
 * Removes every image of the engine whose name begins with a registry. Digests come after tags: they go with the last
 * tag of their repository, if there is one.
 */
export const removePulled = async (host: string): Promise<void> => {
  for (const form of ['{{.Repository}}:{{.Tag}}', '{{.Repository}}@{{.Digest}}']) {
    const all = await docker(['images', '--digests', '--format', form])
    const names = [...new Set(all.split('\n'))].filter(
      (name) => name.startsWith(`${host}/`) && !name.endsWith('<none>'),
    )
    if (names.length > 0) await docker(['rmi', ...names])
  }
}
