import { ExecaError } from 'execa'
import { MeshproofError, reasonOf } from '#errors.ts'
import { showError } from '#report/show-error.ts'
import { terminal as terminalOn } from '#report/terminal.ts'
import { printable } from '#results/text.ts'
import { readArguments } from './arguments.ts'
import { loadConfig } from './config/load.ts'
import { perform } from './dispatch.ts'
import { leave } from './leave.ts'

/** Reads the command line, performs its command, and turns errors into messages and an exit code. */
const main = async (): Promise<number> => {
  try {
    const config = process.env['MESHPROOF_NO_CONFIG'] ? undefined : await loadConfig(process.cwd())
    return await perform(readArguments(process.argv.slice(2), process.env, config))
  } catch (error) {
    const screen = terminalOn(process.stderr)
    if (error instanceof MeshproofError) {
      showError(screen, error)
      return error.exitCode
    }
    if (error instanceof ExecaError && error.isCanceled) return 130
    // An error of the harness. The stack is printed only on request.
    showError(screen, {
      code: 'MP-900',
      message: `The harness itself failed: ${reasonOf(error)}`,
      next: 'Run again with MESHPROOF_DEBUG=1 and report what it prints.',
    })
    if (process.env['MESHPROOF_DEBUG']) console.error(error)
    return 2
  }
}

// A reader that ends early (`| head`) must not leave a lab behind.
process.stdout.on('error', () => undefined)
process.stderr.on('error', () => undefined)
// An error that a library throws outside of any await must not end the run before its clean-up. It must not let the
// run pass either.
let unexpected = false
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => {
    unexpected = true
    console.error(`MP-900  The harness itself failed: ${printable(reasonOf(error))}`)
    if (process.env['MESHPROOF_DEBUG']) console.error(error)
  })
}
const exitCode = await main()
await leave(unexpected && exitCode < 2 ? 2 : exitCode)
