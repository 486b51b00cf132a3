import { execa as bare, type VerboseObject } from 'execa'

/** Gets the line of a program that starts, and that of one that has ended. */
type Watcher = (line: string) => void

let watcher: Watcher | undefined

/**
 * From now on `next` gets a line when a program starts, and one when it ends: `[3] $ docker version`, `[3] 0.1 s`. The
 * line holds the arguments as they are, also what is secret in them. Undefined stops it.
 */
export const watchPrograms = (next: Watcher | undefined): void => {
  watcher = next
}

/** The present watcher, if any: it also gets the lines of a process that runs our code and starts programs itself. */
export const programWatcher = (): Watcher | undefined => watcher

/** Gives the watcher the line of a program that goes on after this process, so that execa does not start it. */
export const tellOfProgram = (program: string, args: readonly string[]): void => {
  watcher?.(`$ ${[program, ...args].join(' ')}`)
}

const tell = (_: string, { type, escapedCommand, commandId, result }: VerboseObject): undefined => {
  if (type === 'command') watcher?.(`[${commandId}] $ ${escapedCommand}`)
  if (type === 'duration') watcher?.(`[${commandId}] ${endOf(result)}`)
}

const endOf = (result: VerboseObject['result']): string => {
  const seconds = `${((result?.durationMs ?? 0) / 1000).toFixed(1)} s`
  if (!result?.failed) return seconds
  const how = result.exitCode === undefined ? (result.signal ?? result.code ?? 'failed') : `exit ${result.exitCode}`
  return `${result.isCanceled ? 'stopped' : how} after ${seconds}`
}

/**
 * Starts a program. Every program of the harness is started by this function, so that `--verbose` can show all of them.
 * Their output is not shown.
 */
export const execa = bare({ verbose: { stdout: 'none', stderr: 'none', ipc: tell } })
