import { PassThrough } from 'node:stream'
import { terminal, type Screen, type Terminal } from '#report/terminal.ts'

/** Everything a terminal writes to such a screen while `use` uses it. */
export const written = (
  screen: { isTTY?: boolean },
  environment: NodeJS.ProcessEnv,
  use: (terminal: Terminal) => void,
): string => {
  const stream = new PassThrough({ encoding: 'utf8' })
  const shown = terminal(Object.assign(stream, screen) satisfies Screen, environment)
  use(shown)
  shown.close()
  return String(stream.read() ?? '')
}

/** The lines that a terminal writes to a screen that is no TTY. */
export const linesOf = (use: (terminal: Terminal) => void): string[] => written({}, {}, use).split('\n').slice(0, -1)
