// The project's own test: types, lint, unit tests, then the product for real. Every step runs whatever the others say; the last
// line counts what passed and what failed.
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { startVitest, type CliOptions } from 'vitest/node'
import { leave } from '#cli/leave.ts'

const root = resolve(import.meta.dirname, '..')
const bin = (name: string): string => join(root, 'node_modules', ...name.split('/'))

type Count = { passed: number; failed: number }

const single = async (title: string, program: string, args: string[]): Promise<Count> => {
  const { exitCode } = await execa(process.execPath, [program, ...args], { cwd: root, stdio: 'inherit', reject: false })
  console.log(`${exitCode === 0 ? '✓' : '✗'} ${title}\n`)
  return exitCode === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
}

// Vitest runs in this process: one of its own could hang in its shutdown (nodejs/node#54918) with all its tests reported.
const tests = async (title: string, options: CliOptions): Promise<Count> => {
  // Undefined and not 0, which would be what an interrupted run ends with.
  process.exitCode = undefined
  const states = await startVitest([], { root, watch: false, reporters: ['verbose'], ...options }).then(
    ({ state }) => state.getTestModules().flatMap(({ children }) => [...children.allTests()].map((test) => test.result().state)),
    (error: unknown) => { console.error(error); process.exitCode = 1; return [] },
  )
  const count = (wanted: string): number => states.filter((state) => state === wanted).length
  // Vitest tells by the exit code that it failed; to fail without a failed test is a failure of its own.
  const failed = process.exitCode === undefined ? 0 : Math.max(1, count('failed'))
  console.log(`${failed === 0 ? '✓' : '✗'} ${title}\n`)
  return { passed: count('passed'), failed }
}

const counts = [
  await single('types', bin('typescript/bin/tsc'), ['--project', root]),
  await single('lint', bin('oxlint/bin/oxlint'), ['--type-aware', 'harness', 'suites', 'fixtures', 'scripts']),
  await single('generated documents', join(root, 'scripts/docs.ts'), ['--check']),
  await tests('unit tests', { config: false, dir: join(root, 'harness'), include: ['**/*.test.ts'] }),
  await tests('end-to-end tests', { config: join(root, 'scripts/e2e.config.ts') }),
]
const sum = (of: keyof Count): number => counts.reduce((total, count) => total + count[of], 0)
console.log(`${sum('passed')} passed, ${sum('failed')} failed`)
await leave(sum('failed') === 0 && sum('passed') > 0 ? 0 : 1)
