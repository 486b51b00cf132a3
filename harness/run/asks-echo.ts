import type { Check } from '#checks/check.ts'
import { MeshproofError } from '#errors.ts'
import { matchesGlob } from 'node:path'
import type { MeshPlan } from './plan.ts'

/** True where a planned check asks echo, so that a lab needs its image. */
export const asksEcho = (plans: Pick<MeshPlan, 'planned'>[], checks: readonly Check[]): boolean => {
  const asking = new Set(checks.filter(({ needs }) => needs?.includes('echo')).map(({ id }) => id))
  return plans.some(({ planned }) => planned.some(({ id }) => asking.has(id)))
}

/**
 * Refuses patterns that select checks of echo and nothing else, where there is no image of it: all of the run would be
 * skipped. `where` is what has no image.
 * @throws MeshproofError MP-375.
 */
export const requireEchoImage = (patterns: string[], checks: readonly Check[], where: string): void => {
  const includes = patterns.filter((pattern) => !pattern.startsWith('!'))
  const named = includes.find((pattern) => {
    const matched = checks.filter(({ id }) => matchesGlob(id, pattern))
    return matched.length > 0 && matched.every(({ needs }) => needs?.includes('echo'))
  })
  if (named === undefined) return
  throw new MeshproofError('MP-375', {
    what: 'Checks of protocols have no image of Istio’s echo to ask',
    where: `--suite=${named}, ${where}`,
    next: 'Name one that the clusters can pull with --echo-image, or leave the pattern out.',
  })
}
