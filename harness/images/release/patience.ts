import { setTimeout } from 'node:timers/promises'
import { Interrupted, type MeshproofError } from '#errors.ts'

/** Milliseconds between one try and the next. */
const pauses = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000]

/** Who asks for a longer pause than this, in milliseconds, asks for another day. */
const longestPause = 120_000

/**
 * What a try throws that may succeed later: the error if no later one does, and the pause in milliseconds that was
 * asked for.
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

/** What a person sees of something that takes long: a few words while it waits, none when it goes on. */
export type Tell = (waiting: string) => void

/** What a person sees of a download: how much has arrived. */
export type TellArrived = (transferred: Transferred) => void

/** How a thing is tried again. */
export type Patience = {
  tell?: Tell | undefined
  arrived?: TellArrived | undefined
  signal?: AbortSignal | undefined
  pause?: ((milliseconds: number, signal?: AbortSignal) => Promise<unknown>) | undefined
}

const sleep = (milliseconds: number, signal?: AbortSignal): Promise<unknown> =>
  setTimeout(milliseconds, undefined, signal ? { signal } : {})

/**
 * Tries until it succeeds, with growing pauses and at least as long ones as the other side asks for; about a minute in
 * all where it asks for none. What is thrown other than `NotNow` ends it at once.
 * @throws the error of the last try; Interrupted when the signal fires.
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
