// With `--resume`, a test that has passed before is skipped.
import { basename } from 'node:path'
import { beforeEach } from 'vitest'
import { longRun } from './record.ts'

const passed = process.env['MESHPROOF_E2E_RESUME']
  ? new Set(
      longRun
        .read()
        .filter(({ verdict }) => verdict === 'passed')
        .map(({ file, test }) => `${file} ${test}`),
    )
  : new Set<string>()

beforeEach(({ task, skip }) => {
  skip(passed.has(`${basename(task.file.name, '.e2e.ts')} ${task.fullTestName}`), 'passed before')
})
