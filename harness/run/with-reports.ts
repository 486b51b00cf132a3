import type { Check } from '#checks/check.ts'
import { MeshproofError } from '#errors.ts'
import { makeReportFolder, writeInterrupted, writeReports, writeSoFar } from '#report/report-folder.ts'
import type { Terminal } from '#report/terminal.ts'
import type { Environment, Results, Run } from '#results/results.ts'
import { failureOf } from './failure-of.ts'
import { leaveAtOnce } from './leave-at-once.ts'
import type { MeshPlan } from './plan.ts'
import { notPublished, type Publishing } from './publishing.ts'
import { beginResults, finishResults } from './run-results.ts'

/** How a run is stopped. `signal` asks for an orderly end. `atOnce` registers what an immediate end calls. */
export type Signals = { signal: AbortSignal; atOnce: (leave: () => never) => void }

/** A run that goes on. */
export type RunUnderWay = Run & {
  /** Keeps results.json up to date; it is called whenever the results have changed. */
  progressed: () => void
  stopProgress: () => void
  /** What happens to the report beside its folder. */
  publishing: Publishing
}

/** What a run begins with: its id, its plans and checks, and the folder of its reports. */
export type Beginning = {
  runId: string
  commandLine: string
  plans: MeshPlan[]
  checks: readonly Check[]
  environment: Environment
  reportDir: string | undefined
  /** The labs that an immediate end must remove, as they are then, and the flags that name existing clusters. */
  made: Iterable<string>
  where?: string[]
  /** The command that makes such a run. */
  reproduce?: string
  publishing?: Publishing | undefined
}

/**
 * Begins a run: makes the report folder, and results in which nothing is reached yet. From now on a second Ctrl-C
 * writes the results so far and leaves at once.
 * @throws MeshproofError MP-104 and MP-105 as makeReportFolder does.
 */
export const beginRun = async (
  {
    runId,
    commandLine,
    plans,
    checks,
    environment,
    reportDir,
    made,
    where = [],
    reproduce,
    publishing = notPublished,
  }: Beginning,
  terminal: Terminal,
  { atOnce }: Signals,
): Promise<RunUnderWay> => {
  const folder = await makeReportFolder(runId, reportDir)
  const results = beginResults(runId, commandLine, environment, plans, checks)
  if (reproduce !== undefined) results.run.reproduce = reproduce
  const write = (): void => {
    writeInterrupted(results, folder)
    publishing.endAtOnce(results)
  }
  atOnce(() => leaveAtOnce([...made], terminal, write, where))
  await publishing.begin(results)
  return { results, folder, publishing, ...writtenAsItGoes(results, folder) }
}

/** Milliseconds between one results.json of a run that goes on and the next. */
const betweenWrites = 2000

/** Writes results.json now, and again when something has changed, but not more often than every two seconds. */
const writtenAsItGoes = (results: Results, folder: string): Pick<RunUnderWay, 'progressed' | 'stopProgress'> => {
  let last = -Infinity
  let timer: NodeJS.Timeout | undefined
  let ended = false
  const write = (): void => {
    timer = undefined
    last = performance.now()
    try {
      writeSoFar(results, folder)
    } catch {
      // A folder that cannot be written ends the run when the reports are due.
    }
  }
  const progressed = (): void => {
    if (ended || timer) return
    const wait = last + betweenWrites - performance.now()
    if (wait <= 0) write()
    else timer = setTimeout(write, wait).unref()
  }
  progressed()
  return {
    progressed,
    stopProgress: () => {
      ended = true
      clearTimeout(timer)
    },
  }
}

/**
 * Waits for the work of a run, which fills in the results. Then it writes the reports, however the work ended.
 * `exitCode` gives the code of a run that no error ended.
 * @throws the error that ended the work, unless it is a MeshproofError, after the reports are written.
 */
export const withReports = async (
  run: RunUnderWay,
  work: Promise<void>,
  exitCode: (results: Results) => number,
  signal: AbortSignal,
): Promise<Run> => {
  // The signal’s reason also counts when the verdict was complete and only the clean-up was interrupted.
  const error = await failureOf(work, signal)
  run.stopProgress()
  finishResults(run.results, exitCode, error)
  await writeReports(run.results, run.folder)
  await run.publishing.end(run.results, run.folder)
  if (error !== undefined && !(error instanceof MeshproofError)) throw error
  return { results: run.results, folder: run.folder }
}
