// The project's own test: types, lint, unit tests, then the product for real. Every step runs whatever the others say; the last
// line counts what passed and what failed.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { z } from 'zod'

const root = resolve(import.meta.dirname, '..')
const bin = (name: string): string => join(root, 'node_modules', ...name.split('/'))

const Report = z.object({ numPassedTests: z.number(), numFailedTests: z.number(), numPendingTests: z.number(), numTotalTests: z.number(), success: z.boolean() })

type Count = { passed: number; failed: number }

const single = async (title: string, program: string, args: string[]): Promise<Count> => {
  const { exitCode } = await execa(process.execPath, [program, ...args], { cwd: root, stdio: 'inherit', reject: false })
  console.log(`${exitCode === 0 ? '✓' : '✗'} ${title}\n`)
  return exitCode === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
}

const tests = async (title: string, args: string[]): Promise<Count> => {
  const folder = await mkdtemp(join(tmpdir(), 'meshproof-verify-'))
  try {
    const output = join(folder, 'report.json')
    const { exitCode } = await execa(process.execPath, [bin('vitest/vitest.mjs'), 'run', '--root', root, '--reporter=verbose', '--reporter=json', `--outputFile.json=${output}`, ...args], {
      cwd: root, stdio: 'inherit', reject: false,
    })
    const report = await readFile(output, 'utf8').then((text) => Report.parse(JSON.parse(text)), () => undefined)
    // A run that did not report, or failed without a failed test, is a failure of its own.
    const failed = report === undefined ? 1 : report.numFailedTests + (exitCode !== 0 && report.numFailedTests === 0 ? 1 : 0)
    console.log(`${failed === 0 ? '✓' : '✗'} ${title}\n`)
    return { passed: report?.numPassedTests ?? 0, failed }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const counts = [
  await single('types', bin('typescript/bin/tsc'), ['--project', root]),
  await single('lint', bin('oxlint/bin/oxlint'), ['--type-aware', 'harness', 'suites', 'fixtures', 'scripts']),
  await single('generated documents', join(root, 'scripts/docs.ts'), ['--check']),
  await tests('unit tests', ['--dir', 'harness', '--exclude', '**/*.spec.ts', '--exclude', '**/*.e2e.ts']),
  await tests('end-to-end tests', ['--config', join(root, 'scripts/e2e.config.ts')]),
]
const sum = (of: keyof Count): number => counts.reduce((total, count) => total + count[of], 0)
console.log(`${sum('passed')} passed, ${sum('failed')} failed`)
process.exitCode = sum('failed') === 0 && sum('passed') > 0 ? 0 : 1
