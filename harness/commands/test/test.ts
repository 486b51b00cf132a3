import { type VersionCell, versionCells } from '#commands/matrix/combinations.ts'
import { runCells } from '#commands/matrix/run-cells.ts'
import { resolveImageSource } from '#images/versions.ts'
import { tellGitHubOutputs } from '#report/github-step.ts'
import { cellLines } from '#report/shown-run.ts'
import type { Terminal } from '#report/terminal.ts'
import { publishingOf } from '#run/publishing.ts'
import type { RunOptions, TestOptions } from '#run/options.ts'
import { print } from '#run/print.ts'
import { ownStore } from '#run/store-results.ts'
import { concludeRun, summarizeRun } from '#run/summarize-run.ts'
import type { Run } from '#results/results.ts'
import type { Signals } from '#run/with-reports.ts'
import { testExisting } from './test-existing.ts'
import { testLabs } from './test-labs.ts'

/**
 * Performs `test` and returns its exit code. It makes one run, or, with several versions, one run for every
 * combination. `line` is the command line that the user typed.
 * @throws MeshproofError MP-1xx for a mistake in the options, and as ownStore does, before anything is made; MP-174
 * where the results cannot be kept.
 */
export const test = async (options: TestOptions, line: string, screen: Terminal, signals: Signals): Promise<number> => {
  const store = options.results === undefined ? undefined : await ownStore(options.results)
  const cells = versionCells(options)
  const [onlyCell] = cells
  if (onlyCell === undefined || cells.length > 1) return testCells(options, cells, line, screen, signals)
  const run = await testOnce(onlyCell.options, line, screen, signals)
  const exitCode = await concludeRun(run, screen, options)
  await store?.(run)
  return exitCode
}

/**
 * Makes one run, on existing clusters or in labs.
 * @throws MeshproofError as `test` does, and MP-191 and MP-192 as publishingOf does.
 */
export const testOnce = async (options: RunOptions, line: string, screen: Terminal, signals: Signals): Promise<Run> => {
  const publishing = await publishingOf(options)
  const logged = publishing.logged(screen)
  return options.contexts === undefined
    ? testLabs(options, await resolveImageSource(options), line, logged, signals, { withChecks: true, publishing })
    : testExisting(options.contexts, options, line, logged, signals, publishing)
}

/** Makes a run in labs for every combination of versions, one after the other, and a page that shows all of them. */
const testCells = async (
  options: TestOptions,
  cells: VersionCell[],
  line: string,
  screen: Terminal,
  signals: Signals,
): Promise<number> => {
  const { runs, folder, exitCode } = await runCells(options, cells, screen, signals, async (cell, source) => {
    const run = await testLabs(cell, source, line, screen, signals)
    await summarizeRun(run, screen)
    return run
  })
  screen.close()
  screen.line('')
  for (const text of cellLines(runs)) screen.line(text)
  screen.line(`report: ${folder}`)
  const made = runs.flatMap(({ results }) => results ?? [])
  await tellGitHubOutputs({ exitCode, folder, results: made }, process.env, screen.workflowCommand)
  if (options.output === 'json')
    print({ cells: runs.map(({ cell, results }) => ({ name: cell?.name, results: results ?? null })) })
  return exitCode
}
