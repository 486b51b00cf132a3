import type { Code } from '#codes/index.ts'
import { MeshproofError, type Explanation } from '#errors.ts'

/** A problem that forbids an upgrade. */
export type Problem = { code: Code } & Pick<Explanation, 'what' | 'where' | 'why' | 'next'>

/**
 * The error that refuses an upgrade. A single problem keeps its own code. Several problems become MeshproofError
 * MP-150, with each problem on a line of its own.
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
