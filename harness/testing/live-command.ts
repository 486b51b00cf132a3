// A command that shows live lines until the test ends it, in the way that its argument names.
import { setTimeout as sleep } from 'node:timers/promises'
import { withTerminal } from '#cli/with-terminal.ts'
import { Interrupted } from '#errors.ts'
import { execa } from '#programs.ts'

const [ending = 'returns'] = process.argv.slice(2)

process.exitCode = await withTerminal(
  process.stdout,
  async (screen, { signal }) => {
    screen.started('cluster1: created')
    screen.line('a line that stays')
    await execa('sh', ['-c', 'exit 0', '--password=hunter2'])
    await sleep(300)
    screen.program('ready')
    if (ending === 'throws') throw new Error('it broke')
    // As a second Ctrl-C does.
    if (ending === 'exits') process.exit(130)
    if (ending === 'waits') await sleep(600_000, undefined, { signal })
    screen.ended('cluster1: created', 1.2, 'pass')
    return 0
  },
  process.argv.includes('--verbose'),
).catch((error: unknown) => {
  if (error instanceof Interrupted) return 130
  throw error
})
