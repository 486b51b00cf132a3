import { tellGitHub } from '#report/github-step.ts'
import { terminal as terminalOn, type Terminal } from '#report/terminal.ts'
import type { Run } from './reported.ts'
import { jsonText, printable } from '#results/text.ts'
import { listenForSignals, type Signals } from './signals.ts'

/** Prints what programs read: text as it is, anything else as JSON. */
export const print = (value: unknown): void => {
  process.stdout.write(`${typeof value === 'string' ? printable(value) : jsonText(value)}\n`)
}

/** Where lines for people go: programs read stdout, so with `json` it is stderr. */
export const streamFor = (output: 'text' | 'json'): NodeJS.WritableStream =>
  output === 'json' ? process.stderr : process.stdout

/**
 * Works with a terminal and signals of its own. @throws whatever the work throws; once a signal has come, its reason.
 */
export const withTerminal = async <T>(
  work: (screen: Terminal, signals: Signals) => Promise<T>,
  stream: NodeJS.WritableStream = process.stdout,
): Promise<T> => {
  const screen = terminalOn(stream)
  const signals = listenForSignals(screen.line)
  try {
    return await work(screen, signals)
  } catch (error) {
    throw signals.signal.aborted ? signals.signal.reason : error
  } finally {
    screen.close()
    signals.release()
  }
}

/** Tells how a run ended: why early, where it did, what was proven, and where its report is. */
export const tellRun = async ({ results, folder }: Run, screen: Terminal, withSummary = true): Promise<void> => {
  const { error } = results.run
  if (error) {
    screen.problem(`${error.code}  ${error.message}`)
    screen.line(`  next: ${error.next}`)
  }
  if (!withSummary) return screen.line(`report: ${folder}`)
  screen.summary(results, folder)
  await tellGitHub(results, process.env, screen.workflowCommand)
}
