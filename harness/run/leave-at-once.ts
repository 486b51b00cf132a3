import { spawn } from 'node:child_process'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Results } from '../report/results.ts'
import type { Terminal } from '../report/terminal.ts'

/** The second Ctrl-C: writes what is known, lets a process of its own remove the lab, and is gone. */
export const leaveAtOnce = (results: Results, folder: string, terminal: Terminal): never => {
  results.run.interrupted = true
  results.run.exitCode = 130
  results.run.finishedAt = new Date().toISOString()
  const file = join(folder, 'results.json')
  writeFileSync(`${file}.part`, `${JSON.stringify(results, null, 2)}\n`)
  renameSync(`${file}.part`, file)
  const ids = results.topologies.length === 1 ? [results.run.id] : results.topologies.map((_, index) => `${results.run.id}-${index + 1}`)
  for (const id of ids) spawn(process.execPath, [join(import.meta.dirname, '../cli/main.ts'), 'down', '--all', `--run=${id}`], { detached: true, stdio: 'ignore' }).unref()
  terminal.close()
  terminal.line('The lab is being removed in the background.')
  process.exit(130)
}
