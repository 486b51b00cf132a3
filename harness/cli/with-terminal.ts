import { redacted } from '#report/bundle/redact.ts'
import { watchPrograms } from '#programs.ts'
import { terminal as terminalOn, type Terminal } from '#report/terminal.ts'
import { inOneLine } from '#results/text.ts'
import type { Signals } from '#run/with-reports.ts'
import { listenForSignals } from './signals.ts'

/** The stream for lines that people read. With `json` and `html` it is stderr: stdout is for the document. */
export const streamFor = (output: 'text' | 'json' | 'html'): NodeJS.WritableStream =>
  output === 'text' ? process.stdout : process.stderr

/** The longest line that `--verbose` shows of a program, in characters: some are given a whole script. */
const longestLine = 500

/** A command that prints on a terminal and listens for signals. Returns its exit code. */
export type OnTerminal = (screen: Terminal, signals: Signals) => Promise<number>

/**
 * Performs a command with a terminal and signal handlers. With `verbose` the terminal also shows the programs that run,
 * without secrets.
 * @throws the error of the command; after a signal, the signal’s reason.
 */
export const withTerminal = async (
  stream: NodeJS.WritableStream,
  command: OnTerminal,
  verbose = false,
): Promise<number> => {
  const screen = terminalOn(stream)
  const signals = listenForSignals(screen.line)
  if (verbose)
    watchPrograms((line) => {
      const shown = inOneLine(redacted(line))
      screen.program(shown.length > longestLine ? `${shown.slice(0, longestLine)}…` : shown)
    })
  try {
    return await command(screen, signals)
  } catch (error) {
    throw signals.signal.aborted ? signals.signal.reason : error
  } finally {
    if (verbose) watchPrograms(undefined)
    screen.close()
    signals.release()
  }
}
