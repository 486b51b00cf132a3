import type { Check } from '#checks/check.ts'
import { MeshproofError } from '#errors.ts'
import type { MeshPlan } from './plan.ts'
import { makeReportFolder, writeInterrupted, writeReports } from '#report/report-folder.ts'
import type { Environment, Results } from '#results/results.ts'
import type { Terminal } from '#report/terminal.ts'
import { leaveAtOnce } from './leave-at-once.ts'
import { beginResults, finishResults } from './run-results.ts'
import type { Signals } from './signals.ts'

/** What a run leaves: its results, and the folder they were written to. */
export type Run = { results: Results; folder: string }

/** A run before it begins: what it is called, what it asks of which meshes, and where its reports go. */
export type Beginning = {
  runId: string
  commandLine: string
  plans: MeshPlan[]
  checks: readonly Check[]
  environment: Environment
  reportDir: string | undefined
  /** The labs that an immediate end must remove, and the flags that lead to existing clusters. */
  made: string[]
  where?: string[]
  /** The exit code of a run that ended by itself. */
  exitCode: (results: Results) => number
}

/**
 * Does the work of a run and writes its reports on every way out, with what is known by then. The work fills the
 * results in, and returns or throws what ended it early.
 * @throws whatever the work ended with and is no error that a person can act on, once the reports are written.
 */
export const reported = async (
  { runId, commandLine, plans, checks, environment, reportDir, made, where = [], exitCode }: Beginning,
  terminal: Terminal,
  { signal, atOnce }: Signals,
  work: (results: Results, folder: string) => Promise<unknown>,
): Promise<Run> => {
  const folder = await makeReportFolder(runId, reportDir)
  const results = beginResults(runId, commandLine, environment, plans, checks)
  atOnce(() =>
    leaveAtOnce(
      made,
      terminal,
      () => {
        writeInterrupted(results, folder)
      },
      where,
    ),
  )
  const thrown = await work(results, folder).catch((error: unknown) => error)
  // Also when the verdict was complete and only the cleaning up was interrupted.
  const error: unknown = signal.aborted ? signal.reason : thrown
  finishResults(results, exitCode, error)
  await writeReports(results, folder)
  if (error !== undefined && !(error instanceof MeshproofError)) throw error
  return { results, folder }
}
