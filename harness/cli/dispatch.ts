import { join } from 'node:path'
import { diagnoseExisting } from '#commands/diagnose/diagnose.ts'
import { doctor } from '#commands/doctor.ts'
import { down } from '#commands/down.ts'
import { performImages } from '#commands/images/images.ts'
import { listing } from '#commands/list.ts'
import { requireOneVersion, versionCells } from '#commands/matrix/combinations.ts'
import { cellOf, earlierAttempt } from '#commands/matrix/earlier-attempt.ts'
import { emitted } from '#commands/matrix/emitted.ts'
import { prove } from '#commands/prove/prove.ts'
import { downIn } from '#commands/test/existing/namespaces.ts'
import { printPlan } from '#commands/test/print-plan.ts'
import { run } from '#commands/test/run-labs.ts'
import { test } from '#commands/test/test.ts'
import { runUpgrade } from '#commands/upgrade/run-upgrade.ts'
import { upgradePlanDocument } from '#commands/upgrade/upgrade-plan-document.ts'
import { engineInfo } from '#engine/docker.ts'
import { MeshproofError } from '#errors.ts'
import { renderFolders } from '#report/render-folders.ts'
import { cellLines } from '#report/shown-run.ts'
import type { Terminal } from '#report/terminal.ts'
import { exitCodeOfCells } from '#report/verdict-of-cell.ts'
import { readCells } from '#results/cells.ts'
import type { RunOptions } from '#run/options.ts'
import type { Run } from '#run/reported.ts'
import type { Signals } from '#run/signals.ts'
import { print, streamFor, tellRun, withTerminal } from '#run/tell.ts'
import { connectContexts } from '#survey/contexts.ts'
import { type Invocation, readArguments } from './arguments.ts'

/** Does what a command line says and returns the exit code; `words` are what it says. */
export const perform = async (
  invocation: Invocation,
  words: readonly string[] = process.argv.slice(2),
): Promise<number> => {
  const line = ['meshproof', ...words].join(' ')
  switch (invocation.command) {
    case 'help':
      print(invocation.text.trimEnd())
      return 0
    case 'test':
      return invocation.options.plan ? printPlan(versionCells(invocation.options)) : test(invocation.options, line)
    case 'up': {
      const { options } = invocation
      return options.plan
        ? printPlan([{ name: '', options }])
        : told(options.output, false, (screen, signals) => run('up', options, line, screen, signals))
    }
    case 'upgrade': {
      const { options } = invocation
      if (!options.plan)
        return told(options.output, true, (screen, signals) => runUpgrade(options, line, screen, signals))
      print(await upgradePlanDocument(options))
      return 0
    }
    case 'prove':
      return proveChecks(invocation.options)
    case 'diagnose': {
      const { options } = invocation
      return withTerminal(async (screen, { signal }) => {
        const diagnosis = await diagnoseExisting(options, screen, signal)
        if (options.output === 'json') print(diagnosis)
        return diagnosis.exitCode
      }, streamFor(options.output))
    }
    case 'list':
      print(await listing(invocation.options.output))
      return 0
    case 'report':
      return report(invocation.options)
    case 'matrix':
      print((await emitted(invocation.options)).trimEnd())
      return 0
    case 'cell': {
      const { reportDir, cells, index } = invocation.options
      const { name, args } = await cellOf(cells, index, process.env)
      const folder = join(reportDir, name)
      const again = readArguments([...args, `--report-dir=${folder}`], {})
      if (again.command === 'test') requireOneVersion('A cell', again.options)
      const verdict = await earlierAttempt(folder)
      if (verdict === undefined) return perform(again, args)
      print(`${name} already has a verdict: ${folder}\nTo run the cell again, name another folder with --report-dir.`)
      return verdict
    }
    case 'doctor': {
      const { fit, report, findings } = await doctor()
      print(invocation.options.output === 'json' ? { fit, findings } : report)
      return fit ? 0 : 2
    }
    case 'down':
      return withTerminal(async (screen, { signal }) => {
        const { contexts, kubeconfig, all, run: runId } = invocation.options
        if (contexts) return downIn(connectContexts(contexts, kubeconfig), { all, run: runId }, screen.line)
        await engineInfo(signal)
        return down({ all, run: runId }, screen.line)
      })
    case 'images list':
    case 'images build':
    case 'images mirror':
    case 'images verify':
    case 'images save':
    case 'images load':
      return withTerminal((screen, { signal }) => performImages(invocation, screen, print, signal), process.stderr)
  }
}

const told = (
  output: 'text' | 'json',
  withSummary: boolean,
  running: (screen: Terminal, signals: Signals) => Promise<Run>,
): Promise<number> =>
  withTerminal(async (screen, signals) => {
    const one = await running(screen, signals)
    screen.close()
    await tellRun(one, screen, withSummary)
    if (output === 'json') print(one.results)
    return one.results.run.exitCode
  }, streamFor(output))

const report = async ({
  folders,
  reportDir,
  cells,
}: {
  folders: string[]
  reportDir: string | undefined
  cells: string | undefined
}): Promise<number> => {
  const matrix = cells === undefined ? undefined : await readCells(cells)
  const { pages, runs } = await renderFolders(folders, reportDir, matrix)
  for (const line of [...(matrix ? cellLines(runs) : []), ...pages]) print(line)
  return matrix ? exitCodeOfCells(runs) : 0
}

const proveChecks = (options: RunOptions): Promise<number> =>
  withTerminal(async (screen, signals) => {
    const { proofs, unproven, folder, exitCode, error } = await prove(options, screen, signals)
    screen.close()
    if (error instanceof MeshproofError) {
      screen.problem(`${error.code}  ${error.message}`)
      screen.line(`  next: ${error.next}`)
    } else if (error !== undefined) throw error
    if (unproven.length > 0) screen.problem(`not proven: ${unproven.join(', ')}`)
    if (options.plan) return 0
    screen.line(`${proofs.filter(({ verdict }) => verdict === 'detected').length} of ${proofs.length} faults detected`)
    screen.line(`report: ${folder}`)
    if (options.output === 'json') print(proofs)
    return error instanceof MeshproofError ? error.exitCode : exitCode
  }, streamFor(options.output))
