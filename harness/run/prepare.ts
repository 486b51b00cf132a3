import type { EngineInfo } from '#engine/docker.ts'
import { requireFitEngine } from '#engine/fitness.ts'
import { requireCache } from '#images/cache.ts'
import { getImages } from '#images/get-images.ts'
import type { Images, ImageSource, Wanted } from '#images/images.ts'
import { reap } from '#lab/reaper.ts'
import type { Terminal } from '#report/terminal.ts'
import type { Phase } from '#results/results.ts'
import { ensureEngine } from './ensure-engine.ts'
import { phaseLog } from './phase-log.ts'
import { requireSpace } from './space.ts'

/** What every lab of a run needs, and the phase that got the images. */
export type Prepared = { engine: EngineInfo; images: Images; phases: Phase[] }

/**
 * Prepares the cache and the engine, and removes what killed runs left.
 * @throws MeshproofError MP-2xx when the machine or the engine is not fit for a lab.
 */
export const prepareEngine = async (terminal: Terminal, signal: AbortSignal): Promise<EngineInfo> => {
  await requireCache()
  const engine = await ensureEngine(terminal.line, signal)
  await requireFitEngine(engine)
  await requireSpace(engine)
  for (const id of await reap()) terminal.line(`Removed what the killed run ${id} had left.`)
  return engine
}

/**
 * Prepares what labs are made from: the engine, and the images. `given` are the images of an earlier run.
 * @throws MeshproofError as prepareEngine does, and MP-3xx when the images cannot be had.
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
  const { line: say, building: progress } = terminal
  const images = given ?? (await getImages({ ...wanted, images: source }, { engine, say, progress, signal }))
  log.ended('images', Date.now(), 'pass')
  return { engine, images, phases: log.all() }
}
