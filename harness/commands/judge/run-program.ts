import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { execa } from '#programs.ts'

/** A program of a judge. `log` is the path of the file that gets everything it prints; `within` is in seconds. */
export type JudgeProgram = {
  path: string
  args: readonly string[]
  environment: Readonly<Record<string, string>>
  log: string
  within: number
  /** The folder that it runs in; where it is not named, that of this process. */
  folder?: string
}

/** How a program ended, and after how many seconds. */
export type ProgramEnd = { exitCode: number | undefined; hung: boolean; seconds: number }

/**
 * Runs the program of a judge until it ends, or ends it when its time is up.
 * @throws the signal’s reason when it fires, after the program has ended; the error of a program that cannot start.
 */
export const runProgram = async (
  { path, args, environment, log, within, folder }: JudgeProgram,
  signal: AbortSignal,
): Promise<ProgramEnd> => {
  await mkdir(dirname(log), { recursive: true })
  const since = performance.now()
  const result = await execa(path, args, {
    env: environment,
    ...(folder === undefined ? {} : { cwd: folder }),
    stdin: 'ignore',
    stdout: { file: log },
    stderr: { file: log },
    timeout: within * 1000,
    cancelSignal: signal,
    forceKillAfterDelay: 5000,
    reject: false,
  })
  signal.throwIfAborted()
  if (result.exitCode === undefined && !result.timedOut && result.cause !== undefined) throw result.cause
  return {
    exitCode: result.exitCode,
    hung: result.timedOut,
    seconds: (performance.now() - since) / 1000,
  }
}
