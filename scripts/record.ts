import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

/** The record of a long run, with a line for each part that has ended, so that the run can be stopped and resumed. */
export type RunRecord<Entry> = {
  /** The last entry of each part, in the order in which they first ended. */
  read: () => Entry[]
  add: (entry: Entry) => void
  forget: () => void
}

/** The record in `reports/<name>.jsonl`. `partOf` names the part of the run that an entry is about. */
export const recordOf = <Entry>(name: string, partOf: (entry: Entry) => string): RunRecord<Entry> => {
  const file = join(resolve(import.meta.dirname, '..'), 'reports', `${name}.jsonl`)
  return {
    read: () => {
      const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []
      const entries = lines.map((line) => JSON.parse(line) as Entry)
      return [...new Map(entries.map((entry) => [partOf(entry), entry])).values()]
    },
    add: (entry) => {
      mkdirSync(dirname(file), { recursive: true })
      appendFileSync(file, `${JSON.stringify(entry)}\n`)
    },
    forget: () => {
      rmSync(file, { force: true })
    },
  }
}
