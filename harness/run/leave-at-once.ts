import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Terminal } from '#report/terminal.ts'

/**
 * The second Ctrl-C: writes what is known, lets processes of their own remove what these runs made, and is gone.
 * `where` are the flags that lead to existing clusters.
 */
export const leaveAtOnce = (runIds: string[], terminal: Terminal, write: () => void, where: string[] = []): never => {
  write()
  for (const id of runIds)
    spawn(process.execPath, [join(import.meta.dirname, '../cli/main.ts'), 'down', '--all', `--run=${id}`, ...where], {
      detached: true,
      stdio: 'ignore',
    }).unref()
  terminal.close()
  terminal.line('What is up is being removed in the background.')
  // Whoever started this program ends it if its own end hangs (nodejs/node#54918).
  process.send?.({ exitCode: 130 }, undefined, undefined, () => undefined)
  process.exit(130)
}
