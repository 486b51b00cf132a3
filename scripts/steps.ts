import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { startVitest, type CliOptions } from 'vitest/node'

const root = resolve(import.meta.dirname, '..')

/** How much of the project’s own test passed and failed. */
export type Count = { passed: number; failed: number }

const bin = (name: string): string => join(root, 'node_modules', ...name.split('/'))

/** Runs one program of the project’s own test; it counts as one test. */
const program = async (title: string, path: string, args: string[]): Promise<Count> => {
  const { exitCode } = await execa(process.execPath, [path, ...args], { cwd: root, stdio: 'inherit', reject: false })
  console.log(`${exitCode === 0 ? '✓' : '✗'} ${title}\n`)
  return exitCode === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
}

/**
 * Runs tests with Vitest and counts them. Vitest runs in this process: one of its own could hang in its shutdown
 * (nodejs/node#54918) with all its tests reported.
 */
export const tests = async (title: string, options: CliOptions): Promise<Count> => {
  // Undefined and not 0, which would be what an interrupted run ends with.
  process.exitCode = undefined
  const states = await startVitest([], { root, watch: false, ...options }).then(
    ({ state }) =>
      state.getTestModules().flatMap(({ children }) => [...children.allTests()].map((test) => test.result().state)),
    (error: unknown) => {
      console.error(error)
      process.exitCode = 1
      return []
    },
  )
  const count = (wanted: string): number => states.filter((state) => state === wanted).length
  // Vitest reports a failure by the exit code; to fail without a failed test is a failure of its own.
  const failed = process.exitCode === undefined ? 0 : Math.max(1, count('failed'))
  console.log(`${failed === 0 ? '✓' : '✗'} ${title}\n`)
  return { passed: count('passed'), failed }
}

/** The fast half of the project’s own test. Every step runs whatever the others report. */
export const fastHalf = async (): Promise<Count[]> => [
  await program('types', bin('typescript/bin/tsc'), ['--project', root]),
  await program('lint and direction of imports', bin('oxlint/bin/oxlint'), [
    '--type-aware',
    'harness',
    'suites',
    'fixtures',
    'scripts',
  ]),
  await program('format', bin('prettier/bin/prettier.cjs'), ['--check', '--log-level=warn', root]),
  await program('generated documents', join(root, 'scripts/docs.ts'), ['--check']),
  await tests('unit tests', { config: join(root, 'scripts/unit.config.ts') }),
]

/** The last line of a test run: what passed and what failed. Returns the exit code. */
export const report = (counts: Count[]): number => {
  const sum = (of: keyof Count): number => counts.reduce((total, count) => total + count[of], 0)
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`)
  return sum('failed') === 0 && sum('passed') > 0 ? 0 : 1
}
