import { MeshproofError } from '../errors.ts'
import { loadRun, runIds, type RunState } from '../lab/run-state.ts'

/**
 * The kept lab that --reuse means: the named one, or the newest of the topologies asked for.
 * @throws MeshproofError MP-106 when there is none.
 */
export const keptLab = async (which: string | boolean, topologies: string[]): Promise<RunState> => {
  const states = await Promise.all((await runIds()).map(loadRun))
  const kept = states.filter((state): state is RunState => state?.kept === true)
  const found = kept.findLast(({ id, topology }) => (typeof which === 'string' ? id === which : topologies.includes('all') || topologies.includes(topology)))
  if (found) return found
  throw new MeshproofError('MP-106', {
    what: typeof which === 'string' ? `No kept lab is called ${which}` : 'No kept lab of that topology exists',
    ...(kept.length > 0 ? { why: `kept: ${kept.map(({ id }) => id).join(', ')}` } : {}),
    next: 'Make one with --keep.',
  })
}
