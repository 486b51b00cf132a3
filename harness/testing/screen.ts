import { PassThrough } from 'node:stream'
import xterm from '@xterm/headless'
import type { Screen } from '#report/live/live-region.ts'
import { terminal, type Terminal } from '#report/terminal.ts'

/** The text that a terminal writes to a screen while `use` runs. */
export const terminalOutput = (
  screen: { isTTY?: boolean },
  environment: NodeJS.ProcessEnv,
  use: (terminal: Terminal) => void,
): string => {
  const stream = new PassThrough({ encoding: 'utf8' })
  const printer = terminal(Object.assign(stream, screen) satisfies Screen, environment)
  use(printer)
  printer.close()
  return String(stream.read() ?? '')
}

/** The lines that a terminal writes while `use` runs, to a screen that is not a TTY. */
export const linesOf = (use: (terminal: Terminal) => void): string[] =>
  terminalOutput({}, {}, use).split('\n').slice(0, -1)

/** A terminal for code that needs one in a test that does not look at what it writes. */
export const unreadTerminal = (): Terminal => {
  const unread = terminal(new PassThrough(), {})
  unread.close()
  return unread
}

/** The lines that a person sees on a terminal of that size after a program has written `text`, without empty ones. */
export const seenOn = async (text: string, { columns = 100, rows = 24 } = {}): Promise<string[]> => {
  const emulator = new xterm.Terminal({ cols: columns, rows, convertEol: true, allowProposedApi: true })
  await new Promise<void>((resolve) => {
    emulator.write(text, resolve)
  })
  const { active } = emulator.buffer
  const lines = Array.from({ length: active.length }, (_, row) => active.getLine(row)?.translateToString(true) ?? '')
  emulator.dispose()
  return lines.filter((line) => line !== '')
}
