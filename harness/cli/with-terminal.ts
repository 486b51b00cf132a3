import { terminal as terminalOn, type Terminal } from '#report/terminal.ts'
import type { Signals } from '#run/with-reports.ts'
import { listenForSignals } from './signals.ts'

/** Where lines for people go: programs read stdout, so with `json` it is stderr. */
export const streamFor = (output: 'text' | 'json'): NodeJS.WritableStream =>
  output === 'json' ? process.stderr : process.stdout

/**
 * Performs a command that people watch, with a terminal and signals of its own.
 * @throws whatever the command throws; once a signal has come, its reason.
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
