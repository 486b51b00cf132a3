import { tellGitHub } from '#report/github-step.ts'
import type { Terminal } from '#report/terminal.ts'
import { print } from './print.ts'
import type { Run } from './with-reports.ts'

/** Says how a run ended: why early, where it did, what was proven, and where its report is. */
export const summarizeRun = async ({ results, folder }: Run, screen: Terminal, withSummary = true): Promise<void> => {
  const { error } = results.run
  if (error) {
    screen.problem(`${error.code}  ${error.message}`)
    screen.line(`  next: ${error.next}`)
  }
  if (!withSummary) return screen.line(`report: ${folder}`)
  screen.summary(results, folder)
  await tellGitHub(results, process.env, screen.line)
}

/**
 * The last words of a command that was one run: its summary, unless there was nothing to prove, and its results where
 * programs read them. Returns the exit code.
 */
export const concludeRun = async (
  run: Run,
  screen: Terminal,
  { output, withSummary = true }: { output: 'text' | 'json'; withSummary?: boolean },
): Promise<number> => {
  screen.close()
  await summarizeRun(run, screen, withSummary)
  if (output === 'json') print(run.results)
  return run.results.run.exitCode
}
