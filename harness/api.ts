/**
 * The programming interface of the package: what `import … from 'meshproof'` gives. It does what the commands `test`
 * and `diagnose` do. It prints nothing, and it never ends the process.
 */
import { Writable } from 'node:stream'
import type { z } from 'zod'
import { parsed, refuseRepeat, refuseTogether } from '#run/refused-options.ts'
import { diagnoseExisting } from '#commands/diagnose/diagnose.ts'
import { DiagnoseOptions } from '#commands/diagnose/options.ts'
import { testOnce } from '#commands/test/test.ts'
import { terminal, type Terminal } from '#report/terminal.ts'
import type { MeshDiagnosis } from '#results/mesh-diagnosis.ts'
import { RunOptions } from '#run/options.ts'
import type { Run } from '#results/results.ts'

export { MeshproofError } from '#errors.ts'
export type { Config, Flags } from '#cli/config/schema.ts'
export type { Code } from '#codes/index.ts'
export type { MeshDiagnosis } from '#results/mesh-diagnosis.ts'
export type { CheckResult, Results, Run, TopologyResult, Verdict } from '#results/results.ts'

/** The options of `run`: the flags of `test` in camel case. Lists are text, joined by commas. */
export type TestFlags = Omit<z.input<typeof RunOptions>, 'output' | 'plan' | 'results' | 'verbose'>

/** The options of `diagnose`: the flags of the command in camel case. Lists are text, joined by commas. */
export type DiagnoseFlags = Omit<z.input<typeof DiagnoseOptions>, 'output' | 'results' | 'verbose'>

/** What a caller may add: a signal that asks for an orderly end, and a stream for the lines that people read. */
export type Surroundings = { signal?: AbortSignal; lines?: NodeJS.WritableStream }

/**
 * Tests topologies in labs, or with `contexts` an existing mesh, as the command `test` does. It writes the reports and
 * returns the results with their folder. `results.run.exitCode` is the verdict: 0 passed, 1 a check failed, 2 a check
 * did not run or the run ended early.
 * @throws MeshproofError for a mistake in the options, before anything is made.
 */
export const run = async (flags: TestFlags = {}, surroundings: Surroundings = {}): Promise<Run> => {
  refuseTogether(flags)
  refuseRepeat(flags)
  const options = parsed(RunOptions, flags)
  return withScreen(surroundings, (screen, signal) =>
    testOnce(options, 'meshproof run()', screen, { signal, atOnce: () => undefined }),
  )
}

/**
 * Names the broken layer of an existing mesh, as the command `diagnose` does. It only reads, unless `probe` is true.
 * @throws MeshproofError for a mistake in the options, and where the clusters cannot be examined.
 */
export const diagnose = async (flags: DiagnoseFlags, surroundings: Surroundings = {}): Promise<MeshDiagnosis> => {
  const options = parsed(DiagnoseOptions, flags)
  return withScreen(surroundings, (screen, signal) => diagnoseExisting(options, screen, signal))
}

const withScreen = async <Outcome>(
  { signal = new AbortController().signal, lines }: Surroundings,
  work: (screen: Terminal, signal: AbortSignal) => Promise<Outcome>,
): Promise<Outcome> => {
  const screen = terminal(lines ?? new Writable({ write: (_chunk, _encoding, done) => done() }))
  try {
    return await work(screen, signal)
  } finally {
    screen.close()
  }
}
