import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

/** How a test of the long run ended. `file` is its name without `.e2e.ts`. */
export type Entry = { file: string; test: string; minutes: number; verdict: 'passed' | 'failed' }

/** One line for each test that has ended, so that a run that was stopped leaves what it has shown. */
const recordFile = join(resolve(import.meta.dirname, '../..'), 'reports', 'e2e-long.jsonl')

/** The last entry of each test. */
export const readRecord = (): Entry[] => {
  const lines = existsSync(recordFile) ? readFileSync(recordFile, 'utf8').split('\n').filter(Boolean) : []
  const entries = lines.map((line) => JSON.parse(line) as Entry)
  return [...new Map(entries.map((entry) => [`${entry.file} ${entry.test}`, entry])).values()]
}

/** Adds how a test ended. */
export const addToRecord = (entry: Entry): void => {
  mkdirSync(dirname(recordFile), { recursive: true })
  appendFileSync(recordFile, `${JSON.stringify(entry)}\n`)
}

/** Forgets every test. */
export const forgetRecord = (): void => {
  rmSync(recordFile, { force: true })
}

/** The table of a long run: each file with its tests, how long they took, and its verdict. */
export const tableOf = (entries: Entry[]): string => {
  const files = [...new Set(entries.map(({ file }) => file))]
  const rows = files.map((file) => {
    const own = entries.filter((entry) => entry.file === file)
    const passed = own.filter(({ verdict }) => verdict === 'passed').length
    const minutes = own.reduce((sum, entry) => sum + entry.minutes, 0)
    return [file, `${passed} of ${own.length}`, minutes.toFixed(0), passed === own.length ? 'passed' : 'failed']
  })
  const table = [['file', 'tests passed', 'minutes', 'verdict'], ...rows]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)))
  return table
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
