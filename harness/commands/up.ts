import { testLabs } from '#commands/test/test-labs.ts'
import { resolveImageSource } from '#images/versions.ts'
import type { Terminal } from '#report/terminal.ts'
import type { RunOptions } from '#run/options.ts'
import { concludeRun } from '#run/summarize-run.ts'
import type { Signals } from '#run/with-reports.ts'

/**
 * Performs `up`: creates a lab that stays, and runs no checks. Returns the exit code.
 * @throws MeshproofError MP-1xx for a mistake in what was asked for, before anything is made.
 */
export const up = async (options: RunOptions, line: string, screen: Terminal, signals: Signals): Promise<number> => {
  const source = await resolveImageSource(options)
  const run = await testLabs({ ...options, keep: true }, source, line, screen, signals, { withChecks: false })
  return concludeRun(run, screen, { output: options.output, withSummary: false })
}
