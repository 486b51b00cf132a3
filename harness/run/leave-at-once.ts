import { spawn } from 'node:child_process'
import { extname, join } from 'node:path'
import type { Terminal } from '#report/terminal.ts'

/** The command line: main.ts in a checkout, main.js in an installed package. */
const program = join(import.meta.dirname, `../cli/main${extname(import.meta.filename)}`)

/**
 * Leaves at once, after a second Ctrl-C: writes the results so far, starts separate processes that remove what these
 * runs made, and exits. `where` are the flags that name existing clusters.
 */
export const leaveAtOnce = (runIds: string[], terminal: Terminal, write: () => void, where: string[] = []): never => {
  write()
  for (const id of runIds)
    spawn(process.execPath, [program, 'down', '--all', `--run=${id}`, ...where], {
      detached: true,
      stdio: 'ignore',
      // The flags are complete. A config file could name other clusters.
      env: { ...process.env, MESHPROOF_NO_CONFIG: '1' },
    }).unref()
  terminal.close()
  terminal.line('What is up is being removed in the background.')
  // The launcher ends this program if its own exit hangs (nodejs/node#54918).
  process.send?.({ exitCode: 130 }, undefined, undefined, () => undefined)
  process.exit(130)
}
