import { terminal as terminalOn, type Terminal } from '#report/terminal.ts'
import type { Signals } from '#run/with-reports.ts'
import { listenForSignals } from './signals.ts'

/** The stream for lines that people read. With `json` it is stderr, because programs read stdout. */
export const streamFor = (output: 'text' | 'json'): NodeJS.WritableStream =>
  output === 'json' ? process.stderr : process.stdout

/**
 * Performs a command with a terminal and signal handlers.
 * @throws the error of the command; after a signal, the signal’s reason.
 */
export const withTerminal = async (
  stream: NodeJS.WritableStream,
  command: (screen: Terminal, signals: Signals) => Promise<number>,
): Promise<number> => {
  const screen = terminalOn(stream)
  const signals = listenForSignals(screen.line)
  try {
    return await command(screen, signals)
  } catch (error) {
    throw signals.signal.aborted ? signals.signal.reason : error
  } finally {
    screen.close()
    signals.release()
  }
}
