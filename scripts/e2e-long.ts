// The end-to-end tests that are too long for `npm run verify`, and a table of how they ended. Arguments choose files:
// `npm run e2e:long -- upgrades`. With --resume it goes on with the last run: what has passed there does not run again.
import { basename, join } from 'node:path'
import type { Reporter } from 'vitest/node'
import { leave } from '#cli/leave.ts'
import { type Entry, longRun, tableOf } from './e2e-long/record.ts'
import { printTotal, runTests } from './steps.ts'

const args = process.argv.slice(2)
if (args.includes('--resume')) process.env['MESHPROOF_E2E_RESUME'] = '1'
else longRun.forget()

const recorder: Reporter = {
  onTestCaseResult: (test) => {
    const { state } = test.result()
    if (state !== 'passed' && state !== 'failed') return
    longRun.add({
      file: basename(test.module.moduleId, '.e2e.ts'),
      test: test.fullName,
      minutes: (test.diagnostic()?.duration ?? 0) / 60_000,
      verdict: state,
    })
  },
}

const files = args.filter((argument) => !argument.startsWith('-'))
const count = await runTests(
  'long end-to-end tests',
  { config: join(import.meta.dirname, 'e2e-long.config.ts'), reporters: ['verbose', recorder] },
  files,
)
const entries = longRun.read()
console.log(`${tableOf(entries)}\n`)
const numberOf = (wanted: Entry['verdict']): number => entries.filter(({ verdict }) => verdict === wanted).length
await leave(printTotal([{ passed: numberOf('passed'), failed: Math.max(count.failed, numberOf('failed')) }]))
