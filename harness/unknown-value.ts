import leven from 'leven'
import { MeshproofError } from './errors.ts'

/**
 * The error for a value that does not exist, with the nearest one that does.
 * @returns MeshproofError MP-101
 */
export const unknownValue = (kind: string, value: string, valid: readonly string[]): MeshproofError => {
  const nearest = closest(value, valid)
  return new MeshproofError('MP-101', {
    what: `Unknown ${kind} “${value}”`,
    next: nearest ? `Did you mean “${nearest}”? Valid: ${valid.join(', ')}.` : `Valid: ${valid.join(', ')}.`,
  })
}

/** The candidate nearest to a word, or undefined where none is near enough to be a slip of the hand. */
export const closest = (word: string, candidates: readonly string[]): string | undefined => {
  const [best] = candidates
    .map((candidate) => ({ candidate, distance: leven(word.toLowerCase(), candidate.toLowerCase()) }))
    .toSorted((a, b) => a.distance - b.distance)
  return best && best.distance < word.length && best.distance <= Math.max(2, word.length * 0.4) ? best.candidate : undefined
}
