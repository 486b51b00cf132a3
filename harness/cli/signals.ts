import { Interrupted } from '#errors.ts'
import type { Signals } from '#run/with-reports.ts'

/** The signals of this process, until they are released. */
export type Listening = Signals & { release: () => void }

/**
 * Listens for Ctrl-C, SIGTERM and SIGHUP. The first asks for an orderly end; a second Ctrl-C ends at once. npm
 * forwards a Ctrl-C that the terminal has already sent to every process, so a signal within a second of the first is
 * the same key press.
 */
export const listenForSignals = (say: (line: string) => void, now: () => number = Date.now): Listening => {
  const controller = new AbortController()
  let first = 0
  let leave: (() => never) | undefined
  const interrupt = (): void => {
    if (!controller.signal.aborted) {
      first = now()
      say('Interrupted: cleaning up. Press Ctrl-C again to leave at once.')
      controller.abort(new Interrupted())
    } else if (now() - first > 1000) {
      leave?.()
    }
  }
  const terminate = (): void => {
    if (controller.signal.aborted) return
    first = now()
    controller.abort(new Interrupted('The run was told to end'))
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', terminate)
  process.on('SIGHUP', terminate)
  return {
    signal: controller.signal,
    atOnce: (callback) => {
      leave = callback
    },
    release: () => {
      process.off('SIGINT', interrupt)
      process.off('SIGTERM', terminate)
      process.off('SIGHUP', terminate)
    },
  }
}

/** Does something that has no end of its own. Ctrl-C, SIGTERM and SIGHUP end it in order, without a message. */
export const untilInterrupted = async <Done>(work: (signal: AbortSignal) => Promise<Done>): Promise<Done> => {
  const { signal, release } = listenForSignals(() => undefined)
  try {
    return await work(signal)
  } finally {
    release()
  }
}
