import { setTimeout } from 'node:timers/promises'
import { Interrupted, type MeshproofError } from '#errors.ts'

/** Milliseconds between one try and the next. */
const pauses = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000]

/** The longest pause that is kept, in milliseconds. Where a host asks for a longer one, nothing is tried again. */
const longestPause = 120_000

/**
 * What an attempt throws if a later attempt may succeed: the error that counts if none does, and the pause that was
 * asked for, in milliseconds.
 */
export class NotNow {
  readonly error: MeshproofError
  readonly reason: string
  readonly after: number | undefined

  constructor(error: MeshproofError, reason: string, after?: number) {
    this.error = error
    this.reason = reason
    this.after = after
  }
}

/** How much of something has arrived, in bytes, and its size where that is known. */
export type Transferred = { bytes: number; of: number | undefined }

/** Shows what something waits for, in a few words. With an empty text it goes on. */
export type Tell = (waiting: string) => void

/** Shows how much of a download has arrived. */
export type TellArrived = (transferred: Transferred) => void

/** How attempts are repeated: whom they inform, what stops them, and how they pause. */
export type Patience = {
  tell?: Tell | undefined
  arrived?: TellArrived | undefined
  signal?: AbortSignal | undefined
  pause?: ((milliseconds: number, signal?: AbortSignal) => Promise<unknown>) | undefined
}

const sleep = (milliseconds: number, signal?: AbortSignal): Promise<unknown> =>
  setTimeout(milliseconds, undefined, signal ? { signal } : {})

/**
 * Repeats an attempt until it succeeds, for about a minute. The pauses grow, and are at least as long as the other side
 * asks for. An attempt that throws anything but `NotNow` is not repeated.
 * @throws the error of the last attempt; Interrupted when the signal fires.
 */
export const patiently = async <T>(
  attempt: () => Promise<T>,
  { tell = () => undefined, signal, pause = sleep }: Patience = {},
): Promise<T> => {
  for (let tries = 0; ; tries += 1) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof NotNow)) throw error
      const planned = pauses[tries]
      if (planned === undefined || (error.after ?? 0) > longestPause) throw error.error
      const milliseconds = error.after ?? planned
      tell(`${error.reason}, again in ${Math.ceil(milliseconds / 1000)} s`)
      await pause(milliseconds, signal).catch(() => {
        throw new Interrupted()
      })
      tell('')
    }
  }
}

/** What the header `Retry-After` asks for, in milliseconds: it holds seconds or a date (RFC 9110, 10.2.3). */
export const retryAfter = (header: string | undefined, now = Date.now()): number | undefined => {
  const milliseconds = /^\d+$/.test(header ?? '') ? Number(header) * 1000 : Date.parse(header ?? '') - now
  return Number.isNaN(milliseconds) ? undefined : Math.max(0, milliseconds)
}
