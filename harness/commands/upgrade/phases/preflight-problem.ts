import type { Code } from '#codes/index.ts'
import { MeshproofError, type Explanation } from '#errors.ts'

/** Something that an upgrade must not begin with. */
export type Problem = { code: Code } & Pick<Explanation, 'what' | 'where' | 'why' | 'next'>

/**
 * The refusal of an upgrade that must not begin: the one problem by its own code, several of them a line each as
 * MeshproofError MP-150.
 */
export const refusal = (problems: readonly Problem[]): MeshproofError => {
  const [first, ...more] = problems
  if (first && more.length === 0) return new MeshproofError(first.code, first)
  return new MeshproofError('MP-150', {
    what: `The upgrade is refused before anything is changed, for ${problems.length} reasons`,
    why: problems
      .map(
        ({ code, what, where, why, next }) =>
          `\n  ${code}  ${what}${where ? ` (${where})` : ''}${why ? `: ${why}` : ''}\n    next: ${next}`,
      )
      .join(''),
    next: 'Put all of these right, and run the same command again.',
  })
}
