import { MeshproofError } from '#errors.ts'
import { versionFlags } from './combinations.ts'

/**
 * Sees to it that what works with a single lab is asked for one version of each.
 * @throws MeshproofError MP-162 where it is asked for several.
 */
export const requireOneVersion = (who: string, options: Record<string, unknown>): void => {
  const several = [...versionFlags, 'from', 'to'].filter((flag) => [options[flag]].flat().join(',').includes(','))
  if (several.length === 0) return
  throw new MeshproofError('MP-162', {
    what: `${who} takes one version of each`, where: several.map((flag) => `--${flag}=${[options[flag]].flat().join(',')}`).join(' '), next: 'Name one. Several, and every combination of them, are for meshproof test, and for meshproof matrix.',
  })
}
