import { checkCodes } from '#codes/index.ts'
import type { CheckLayer } from './results.ts'

/** A cause that a check can name, by its stable code. The bands of the codes are the layers, from the bottom. */
export type CauseCode = keyof typeof checkCodes

/** What is wrong, in one line, in which layer, and what to do about it. */
export type Cause = { layer: CheckLayer; cause: string; fix: string }

/** The causes that a check can name. */
export const causes: Readonly<Record<CauseCode, Cause>> = checkCodes

/** What an assertion says when it fails: the code of its cause, read back by `diagnose`. */
export const because = (code: CauseCode): string => `${code} ${causes[code].cause}`

/** The cause an assertion’s message begins with, if it names one. */
export const causeIn = (message: string): CauseCode | undefined => {
  const code = /^(?:AssertionError: )?(MP-7\d\d)\b/.exec(message)?.[1]
  return code !== undefined && code in causes ? (code as CauseCode) : undefined
}
