import type { EngineInfo } from '#engine/docker.ts'
import { requireFitEngine } from '#engine/fitness.ts'
import { ensureEngine } from './ensure-engine.ts'
import { requireSpace } from './space.ts'
import { requireCache } from '#images/cache.ts'
import { reap } from '#lab/reaper.ts'
import type { Phase } from '#results/results.ts'
import type { Terminal } from '#report/terminal.ts'

/** What every lab of a run stands on, and the phase in which its images were got. */
export type Prepared<Got> = { engine: EngineInfo; images: Got; phase: Phase }

/**
 * Sees to the cache, the engine and the images, which `get` knows where to have, and removes what killed runs have
 * left.
 * @throws MeshproofError MP-2xx or MP-3xx when the machine, the engine or the images are not to be had.
 */
export const prepare = async <Got>(
  get: (engine: EngineInfo) => Promise<Got>,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Prepared<Got>> => {
  await requireCache()
  const engine = await ensureEngine(terminal.line, signal)
  await requireFitEngine(engine)
  await requireSpace(engine)
  for (const id of await reap()) terminal.line(`Removed what the killed run ${id} had left.`)
  const since = Date.now()
  terminal.started('images')
  const images = await get(engine)
  const phase: Phase = {
    name: 'images',
    startedAt: new Date(since).toISOString(),
    seconds: (Date.now() - since) / 1000,
    verdict: 'pass',
  }
  terminal.ended('images', phase.seconds, 'pass')
  return { engine, images, phase }
}
