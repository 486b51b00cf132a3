import leven from 'leven'
import type { Code } from '#codes/index.ts'

/** What every error of the harness says: what went wrong, where, why, and the next step. */
export type Explanation = {
  what: string
  where?: string | undefined
  why?: string | undefined
  next: string
  cause?: unknown
}

/**
 * An error with a stable code that a person can act on. It ends the program with `exitCode` (2: usage, machine or
 * infrastructure) and is printed as one sentence a part, never as a stack trace.
 */
export class MeshproofError extends Error {
  readonly code: Code
  readonly next: string
  readonly exitCode: number

  constructor(code: Code, { what, where, why, next, cause }: Explanation, exitCode = 2) {
    super([where ? `${what} (${where})` : what, why].filter(Boolean).join(': '), cause === undefined ? {} : { cause })
    this.name = 'MeshproofError'
    this.code = code
    this.next = next
    this.exitCode = exitCode
  }
}

/** Somebody asked us to stop: not a failure of anything. Exit code 130. */
export class Interrupted extends MeshproofError {
  constructor(what = 'The run was interrupted') {
    super('MP-130', { what, next: 'Run the same command again; nothing of this run is left behind.' }, 130)
    this.name = 'Interrupted'
  }
}

/** The one line that says what an unknown thrown value means, without its stack. */
export const reasonOf = (thrown: unknown): string => {
  if (thrown instanceof Error) {
    const short =
      'shortMessage' in thrown && typeof thrown.shortMessage === 'string' ? thrown.shortMessage : thrown.message
    return short.split('\n')[0] ?? thrown.name
  }
  // A web socket’s error event is no Error, but says what happened.
  if (typeof thrown === 'object' && thrown !== null && 'message' in thrown && typeof thrown.message === 'string')
    return thrown.message
  return String(thrown)
}

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
  return best && best.distance < word.length && best.distance <= Math.max(2, word.length * 0.4)
    ? best.candidate
    : undefined
}
