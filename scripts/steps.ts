import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { startVitest, type CliOptions } from 'vitest/node'

const root = resolve(import.meta.dirname, '..')

/** How many tests passed and how many failed. */
export type Count = { passed: number; failed: number }

/** A check that is a program: it counts as one test, and it passes when the program ends with 0. */
type ProgramCheck = { title: string; path: string; args: string[] }

const installed = (path: string): string => join(root, 'node_modules', ...path.split('/'))

const programChecks: ProgramCheck[] = [
  { title: 'types', path: installed('typescript/bin/tsc'), args: ['--project', root] },
  {
    title: 'lint and direction of imports',
    path: installed('oxlint/bin/oxlint'),
    args: ['--type-aware', 'harness', 'suites', 'fixtures', 'scripts'],
  },
  {
    title: 'format',
    path: installed('prettier/bin/prettier.cjs'),
    // The cache is in node_modules/.cache. A file counts as unchanged by its content: git changes dates.
    args: ['--check', '--log-level=warn', '--cache', '--cache-strategy=content', root],
  },
  { title: 'generated documents', path: join(root, 'scripts/docs.ts'), args: ['--check'] },
]

const runProgram = async ({ path, args }: ProgramCheck): Promise<{ passed: boolean; output: string }> => {
  const { exitCode, all } = await execa(process.execPath, [path, ...args], { cwd: root, all: true, reject: false })
  return { passed: exitCode === 0, output: all }
}

/** Runs programs at once. Prints the output of each as a whole, in the order of the list. */
const runPrograms = async (checks: ProgramCheck[]): Promise<Count[]> => {
  const runs = checks.map((check) => ({ title: check.title, result: runProgram(check) }))
  const counts: Count[] = []
  for (const { title, result } of runs) {
    const { passed, output } = await result
    if (output) console.log(output)
    console.log(`${passed ? '✓' : '✗'} ${title}`)
    counts.push(passed ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 })
  }
  return counts
}

/**
 * Runs tests with Vitest and counts them. `filters` choose files by a part of their path. Vitest runs in this process,
 * because a process of its own could hang in its shutdown (nodejs/node#54918) after it has reported every test.
 */
export const runTests = async (title: string, options: CliOptions, filters: string[] = []): Promise<Count> => {
  // Vitest reports a failure by the exit code. An interrupted run ends with 0, so the code starts as undefined.
  process.exitCode = undefined
  // Node reads the configuration itself: Vite would write a temporary file into node_modules.
  const states = await startVitest(filters, { root, watch: false, configLoader: 'native', ...options }).then(
    ({ state }) =>
      state.getTestModules().flatMap(({ children }) => [...children.allTests()].map((test) => test.result().state)),
    (error: unknown) => {
      console.error(error)
      process.exitCode = 1
      return []
    },
  )
  const count = (wanted: string): number => states.filter((state) => state === wanted).length
  // A run can fail without a failed test, for example when a file cannot be loaded. That counts as one failure.
  const failed = process.exitCode === undefined ? 0 : Math.max(1, count('failed'))
  console.log(`${failed === 0 ? '✓' : '✗'} ${title}\n`)
  return { passed: count('passed'), failed }
}

/** Runs the checks that need no cluster: the programs first, then the unit tests. A failed check stops no other. */
export const runFastChecks = async (): Promise<Count[]> => [
  ...(await runPrograms(programChecks)),
  await runTests('unit tests', { config: join(root, 'scripts/unit.config.ts') }),
]

/** Prints the last line of a run, `N passed, N failed`. Returns the exit code: 0 when nothing failed, otherwise 1. */
export const printTotal = (counts: Count[]): number => {
  const total = (key: keyof Count): number => counts.reduce((sum, count) => sum + count[key], 0)
  console.log(`${total('passed')} passed, ${total('failed')} failed`)
  return total('failed') === 0 && total('passed') > 0 ? 0 : 1
}
