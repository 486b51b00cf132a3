import { tellGitHub, tellGitHubOutputs } from '#report/github-step.ts'
import { showError } from '#report/show-error.ts'
import type { Terminal } from '#report/terminal.ts'
import { print } from './print.ts'
import type { Run } from '#results/results.ts'

/** Prints how a run ended: the error that ended it early, the verdicts, and the path of the report. */
export const summarizeRun = async ({ results, folder }: Run, screen: Terminal, withSummary = true): Promise<void> => {
  const { error } = results.run
  if (error) showError(screen, error)
  if (!withSummary) return screen.line(`report: ${folder}`)
  screen.summary(results, folder)
  await tellGitHub(results, process.env, screen.workflowCommand)
}

/**
 * Ends a command that made one run: prints the summary and gives later steps of GitHub Actions the verdict (unless
 * there was nothing to prove), and with `json` prints the results. Returns the exit code.
 */
export const concludeRun = async (
  run: Run,
  screen: Terminal,
  { output, withSummary = true }: { output: 'text' | 'json'; withSummary?: boolean },
): Promise<number> => {
  screen.close()
  await summarizeRun(run, screen, withSummary)
  const { results, folder } = run
  const { exitCode } = results.run
  if (withSummary)
    await tellGitHubOutputs({ exitCode, folder, results: [results] }, process.env, screen.workflowCommand)
  if (output === 'json') print(results)
  return exitCode
}
