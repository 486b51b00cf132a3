import { isDeepStrictEqual } from 'node:util'
import { reasonOf } from '#errors.ts'

/** How many things of a list are named. */
const shown = 5

/** Relations of two values other than equality, in Vitest’s words. */
const otherRelation = /to (?:be (?:greater|less|close|defined|an? )|have|match|contain|include)/

/**
 * Why a check failed, in words that name the things: of two lists what is missing and what is too much, of two objects
 * the fields that differ. Vitest shortens both. Its words stay where the error compares nothing of the kind.
 */
export const failureReason = (error: unknown): string => {
  const reason = reasonOf(error).replace(' // Object.is equality', '')
  const end = reason.lastIndexOf(': expected ')
  if (
    end < 0 ||
    otherRelation.test(reason.slice(end)) ||
    !(error instanceof Error) ||
    !('actual' in error) ||
    !('expected' in error)
  )
    return reason
  const difference = differenceOf(error.actual, error.expected)
  if (difference === undefined) return reason
  return difference === '' ? reason.slice(0, end) : `${reason.slice(0, end)}: ${difference}`
}

/** What differs; empty where there is nothing to name (true and false), undefined where it cannot be said shortly. */
const differenceOf = (actual: unknown, expected: unknown): string | undefined => {
  if (typeof actual === 'boolean' && typeof expected === 'boolean') return ''
  if (isPlain(actual) && isPlain(expected)) return `${inWords(actual)}, not ${inWords(expected)}`
  if (Array.isArray(actual) && Array.isArray(expected)) {
    const missing = expected.filter((wanted) => !actual.some((item) => isDeepStrictEqual(item, wanted)))
    const extra = actual.filter((item) => !expected.some((wanted) => isDeepStrictEqual(item, wanted)))
    const parts = [
      ...(missing.length > 0 ? [`missing ${listed(missing)}`] : []),
      ...(extra.length > 0 ? [`unexpected ${listed(extra)}`] : []),
    ]
    return parts.length > 0 ? parts.join('; ') : undefined
  }
  if (!isObject(actual) || !isObject(expected)) return undefined
  const fields = Object.keys({ ...actual, ...expected }).filter((key) => !isDeepStrictEqual(actual[key], expected[key]))
  return fields.length > 0
    ? fields.map((key) => `${key} is ${inWords(actual[key])}, not ${inWords(expected[key])}`).join('; ')
    : undefined
}

const isPlain = (value: unknown): boolean =>
  ['string', 'number', 'bigint', 'undefined', 'boolean'].includes(typeof value) || value === null

/** Objects of data alone: one that Vitest compares by a rule of its own has a class. */
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype

const listed = (things: unknown[]): string =>
  things.slice(0, shown).map(inWords).join(', ') + (things.length > shown ? ` and ${things.length - shown} more` : '')

const inWords = (value: unknown): string => {
  if (value === undefined) return 'nothing'
  if (typeof value === 'string') return value === '' ? 'nothing' : value
  return (JSON.stringify(value) ?? typeof value).slice(0, 200)
}
