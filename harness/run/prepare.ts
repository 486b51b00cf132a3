import type { EngineInfo } from '#engine/docker.ts'
import { requireCache } from '#images/cache.ts'
import { getImages } from '#images/get-images.ts'
import type { Images, ImageSource, Wanted } from '#images/images.ts'
import { reap } from '#lab/reaper.ts'
import type { Terminal } from '#report/terminal.ts'
import type { Phase } from '#results/results.ts'
import { ensureEngine } from './ensure-engine.ts'
import { phaseLog } from './phase-log.ts'
import { requireSpace } from './space.ts'

/** What every lab of a run stands on, and the phase in which its images were got. */
export type Prepared = { engine: EngineInfo; images: Images; phases: Phase[] }

/**
 * Sees to the cache and the engine, and removes what killed runs have left.
 * @throws MeshproofError MP-2xx when the machine or the engine is not fit for a lab.
 */
export const prepareEngine = async (terminal: Terminal, signal: AbortSignal): Promise<EngineInfo> => {
  await requireCache()
  const engine = await ensureEngine(terminal.line, signal)
  await requireSpace(engine)
  for (const id of await reap()) terminal.line(`Removed what the killed run ${id} had left.`)
  return engine
}

/**
 * Prepares everything that labs are made from: the engine, and the images, unless those of an earlier run are given.
 * @throws MeshproofError as prepareEngine does, and MP-3xx when the images are not to be had.
 */
export const prepareLabs = async (
  source: ImageSource | 'auto',
  wanted: Wanted,
  terminal: Terminal,
  signal: AbortSignal,
  given?: Images,
): Promise<Prepared> => {
  const engine = await prepareEngine(terminal, signal)
  const log = phaseLog(terminal)
  log.started('images', Date.now())
  const images =
    given ?? (await getImages({ ...wanted, images: source }, engine, terminal.line, terminal.building, signal))
  log.ended('images', Date.now(), 'pass')
  return { engine, images, phases: log.all() }
}
