import { createLogUpdate } from 'log-update'
import { frameTime, liveLines } from './live-lines.ts'
import type { LiveState } from './live-state.ts'

/** Where lines go: a TTY gets colour and live lines, anything else gets plain lines. */
export type Screen = NodeJS.WritableStream & { isTTY?: boolean; columns?: number; rows?: number }

/** The lines at the bottom of a terminal that show what is under way. */
export type LiveRegion = {
  /** Draws them as they are now. They also draw themselves, as time passes. */
  draw: () => void
  /** Removes them, so that other lines can be printed. */
  clear: () => void
  /** Removes them for good, and shows the cursor again. */
  close: () => void
}

/**
 * Draws what is under way at the bottom of a terminal. Where this program ends without `close`, also by a signal, the
 * cursor is shown again.
 */
export const liveRegion = (
  screen: Screen,
  state: LiveState,
  paint: (colour: 'cyan' | 'gray', text: string) => string,
): LiveRegion => {
  const update = createLogUpdate(screen)
  let closed = false
  const draw = (): void => {
    if (closed) return
    const size = { columns: screen.columns || 80, rows: screen.rows || 24 }
    const lines = liveLines(state, Date.now(), size, (look, text) => paint(look === 'bright' ? 'cyan' : 'gray', text))
    if (lines.length > 0) update(lines.join('\n'))
    else update.clear()
  }
  const ticker = setInterval(draw, frameTime)
  ticker.unref()
  return {
    draw,
    clear: () => {
      if (!closed) update.clear()
    },
    close: () => {
      if (closed) return
      closed = true
      clearInterval(ticker)
      update.clear()
      update.done()
    },
  }
}
