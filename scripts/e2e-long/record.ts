import { alignedLines } from '#report/aligned-lines.ts'
import { recordOf } from '../record.ts'

/** How a test of the long run ended. `file` is its name without `.e2e.ts`. */
export type Entry = { file: string; test: string; minutes: number; verdict: 'passed' | 'failed' }

/** The record of the long run: the last entry of each test. */
export const longRun = recordOf<Entry>('e2e-long', ({ file, test }) => `${file} ${test}`)

/** The table of a long run: each file with its tests, how long they took, and its verdict. */
export const tableOf = (entries: Entry[]): string => {
  const files = [...new Set(entries.map(({ file }) => file))]
  const rows = files.map((file) => {
    const own = entries.filter((entry) => entry.file === file)
    const passed = own.filter(({ verdict }) => verdict === 'passed').length
    const minutes = own.reduce((sum, entry) => sum + entry.minutes, 0)
    return [file, `${passed} of ${own.length}`, minutes.toFixed(0), passed === own.length ? 'passed' : 'failed']
  })
  return alignedLines([['file', 'tests passed', 'minutes', 'verdict'], ...rows]).join('\n')
}
