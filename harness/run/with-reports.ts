import type { Check } from '#checks/check.ts'
import { MeshproofError } from '#errors.ts'
import { makeReportFolder, writeInterrupted, writeReports } from '#report/report-folder.ts'
import type { Terminal } from '#report/terminal.ts'
import type { Environment, Results } from '#results/results.ts'
import { failureOf } from './failure-of.ts'
import { leaveAtOnce } from './leave-at-once.ts'
import type { MeshPlan } from './plan.ts'
import { beginResults, finishResults } from './run-results.ts'

/** How a run is told to stop: orderly by the signal, at once by what was given to `atOnce`. */
export type Signals = { signal: AbortSignal; atOnce: (leave: () => never) => void }

/** A run: its results, as far as they are known, and the folder that its reports are written to. */
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
}

/**
 * Begins a run: makes its report folder and results in which nothing was reached yet. From here on a second Ctrl-C
 * writes the results as they are and leaves at once.
 * @throws MeshproofError MP-104 and MP-105 as makeReportFolder does.
 */
export const beginRun = async (
  { runId, commandLine, plans, checks, environment, reportDir, made, where = [] }: Beginning,
  terminal: Terminal,
  { atOnce }: Signals,
): Promise<Run> => {
  const folder = await makeReportFolder(runId, reportDir)
  const results = beginResults(runId, commandLine, environment, plans, checks)
  const write = (): void => {
    writeInterrupted(results, folder)
  }
  atOnce(() => leaveAtOnce(made, terminal, write, where))
  return { results, folder }
}

/**
 * Waits for the work of a run, which fills its results in, and writes the reports however the work ended, with what is
 * known by then. `exitCode` is that of a run that ended by itself.
 * @throws what ended the work, where it is no error that a person can act on, once the reports are written.
 */
export const withReports = async (
  run: Run,
  work: Promise<void>,
  exitCode: (results: Results) => number,
  signal: AbortSignal,
): Promise<Run> => {
  // The signal’s reason counts also when the verdict was complete and only the cleaning up was interrupted.
  const error = await failureOf(work, signal)
  finishResults(run.results, exitCode, error)
  await writeReports(run.results, run.folder)
  if (error !== undefined && !(error instanceof MeshproofError)) throw error
  return run
}
