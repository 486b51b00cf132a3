import type { PhaseLog } from './phase-log.ts'

/** Removes what a run made, as the phase `teardown`. @throws the error of `remove`. */
export const tearDown = async (phases: PhaseLog, remove: () => Promise<void>): Promise<void> => {
  phases.started('teardown', Date.now())
  try {
    await remove()
  } catch (error) {
    phases.ended('teardown', Date.now(), 'fail', error)
    throw error
  }
  phases.ended('teardown', Date.now(), 'pass')
}
