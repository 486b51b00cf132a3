import { PassThrough } from 'node:stream'
import { terminal, type Screen, type Terminal } from '#report/terminal.ts'

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
