import { versionCells } from '#commands/matrix/combinations.ts'
import { runCells } from '#commands/matrix/run-cells.ts'
import { cellLines } from '#report/shown-run.ts'
import type { RunOptions, TestOptions } from '#run/options.ts'
import type { Run } from '#run/reported.ts'
import { ownStore } from '#run/store-results.ts'
import { print, streamFor, tellRun, withTerminal } from '#run/tell.ts'
import { runExisting } from './run-existing.ts'
import { run } from './run-labs.ts'

/**
 * Performs `test` and returns its exit code: one run, or, of several versions, one for every combination. `line` is the
 * command line as it was typed.
 * @throws MeshproofError as ownStore does, before anything is made, and MP-174 where the results cannot be kept there.
 */
export const test = (options: TestOptions, line: string): Promise<number> =>
  withTerminal(async (screen, signals) => {
    const store = options.results === undefined ? undefined : await ownStore(options.results)
    const runOne = (one: RunOptions): Promise<Run> =>
      one.contexts === undefined
        ? run('test', one, line, screen, signals)
        : runExisting(one.contexts, one, line, screen, signals)
    const [first, ...others] = versionCells(options)
    if (first && others.length === 0) {
      const one = await runOne(first.options)
      screen.close()
      await tellRun(one, screen)
      if (options.output === 'json') print(one.results)
      await store?.(one)
      return one.results.run.exitCode
    }
    const { runs, folder, exitCode } = await runCells(options, screen, signals, async (cell) => {
      const one = await runOne(cell)
      await tellRun(one, screen)
      return one
    })
    screen.close()
    screen.line('')
    for (const text of cellLines(runs)) screen.line(text)
    screen.line(`report: ${folder}`)
    if (options.output === 'json')
      print({ cells: runs.map(({ cell, results }) => ({ name: cell?.name, results: results ?? null })) })
    return exitCode
  }, streamFor(options.output))
