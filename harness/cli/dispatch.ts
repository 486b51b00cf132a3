import { join } from 'node:path'
import type { CellOptions } from '#commands/matrix/options.ts'
import { print } from '#run/print.ts'
import { readArguments } from './arguments.ts'
import type { Invocation } from './invocation.ts'
import { untilInterrupted } from './signals.ts'
import { type OnTerminal, streamFor, withTerminal } from './with-terminal.ts'

/**
 * Performs the command of a command line, and returns its exit code. What a command is made of is loaded when it is
 * performed: most of it is for clusters, and takes longer than `list` or `report`. `words` is the command line as
 * typed.
 */
export const perform = async (
  invocation: Invocation,
  words: readonly string[] = process.argv.slice(2),
): Promise<number> => {
  const line = ['meshproof', ...words].join(' ')
  const onTerminal = (stream: NodeJS.WritableStream, command: OnTerminal): Promise<number> =>
    withTerminal(stream, command, isVerbose(invocation))
  switch (invocation.command) {
    case 'init': {
      const { init } = await import('#commands/init.ts')
      for (const path of await init(process.cwd(), invocation.options)) print(`written: ${path}`)
      return 0
    }
    case 'completion':
    case 'help':
      print(invocation.text.trimEnd())
      return 0
    case 'test': {
      const { options } = invocation
      if (options.plan) {
        const { printPlan } = await import('#commands/test/print-plan.ts')
        const { versionCells } = await import('#commands/matrix/combinations.ts')
        return printPlan(versionCells(options))
      }
      const { test } = await import('#commands/test/test.ts')
      return onTerminal(streamFor(options.output), (screen, signals) => test(options, line, screen, signals))
    }
    case 'up': {
      const { options } = invocation
      if (options.plan) {
        const { printPlan } = await import('#commands/test/print-plan.ts')
        return printPlan([{ name: '', options }])
      }
      const { up } = await import('#commands/up.ts')
      return onTerminal(streamFor(options.output), (screen, signals) => up(options, line, screen, signals))
    }
    case 'upgrade': {
      const { options } = invocation
      const { printUpgradePlan, upgrade } = await import('#commands/upgrade/upgrade.ts')
      if (options.plan) return printUpgradePlan(options)
      return onTerminal(streamFor(options.output), (screen, signals) => upgrade(options, line, screen, signals))
    }
    case 'judge': {
      const { options } = invocation
      const { judge, printJudgePlan } = await import('#commands/judge/judge.ts')
      if (options.plan) return printJudgePlan(options)
      return onTerminal(streamFor(options.output), (screen, signals) => judge(options, line, screen, signals))
    }
    case 'prove': {
      const { options } = invocation
      const { prove } = await import('#commands/prove/prove.ts')
      return onTerminal(streamFor(options.output), (screen, signals) => prove(options, screen, signals))
    }
    case 'diagnose': {
      const { options } = invocation
      const { diagnose } = await import('#commands/diagnose/diagnose.ts')
      return onTerminal(streamFor(options.output), (screen, { signal }) => diagnose(options, screen, signal))
    }
    case 'metrics': {
      const { options } = invocation
      const { serveMetrics } = await import('#commands/metrics.ts')
      return untilInterrupted((signal) => serveMetrics(options, print, signal))
    }
    case 'down': {
      const { options } = invocation
      const { down } = await import('#commands/down.ts')
      return onTerminal(process.stdout, (screen, { signal }) => down(options, screen.line, signal))
    }
    case 'images list':
    case 'images build':
    case 'images mirror':
    case 'images verify':
    case 'images save':
    case 'images load': {
      const { performImages } = await import('#commands/images/images.ts')
      return onTerminal(process.stderr, (screen, { signal }) => performImages(invocation, screen, signal))
    }
    case 'list': {
      const { listing } = await import('#commands/list.ts')
      print(await listing(invocation.options.output))
      return 0
    }
    case 'doctor': {
      const { doctor } = await import('#commands/doctor.ts')
      const { fit, report: text, findings } = await doctor()
      print(invocation.options.output === 'json' ? { fit, findings } : text)
      return fit ? 0 : 2
    }
    case 'report': {
      const { options } = invocation
      const { report, watchReports } = await import('#commands/report/report.ts')
      return options.watch ? untilInterrupted((signal) => watchReports(options, signal)) : report(options)
    }
    case 'history': {
      const { history } = await import('#commands/history.ts')
      return history(invocation.options)
    }
    case 'verify-report': {
      const { verifyReport } = await import('#commands/verify-report.ts')
      return verifyReport(invocation.options)
    }
    case 'matrix': {
      const { emitted } = await import('#commands/matrix/emitted.ts')
      print((await emitted(invocation.options)).trimEnd())
      return 0
    }
    case 'cell':
      return performCell(invocation.options)
  }
}

/** Performs the command line of a cell, unless an earlier attempt left a verdict. */
const performCell = async ({ reportDir, cells, index }: CellOptions): Promise<number> => {
  const { cellOf, earlierAttempt } = await import('#commands/matrix/earlier-attempt.ts')
  const { name, args } = await cellOf(cells, index, process.env)
  const folder = join(reportDir, name)
  const invocation = readArguments([...args, `--report-dir=${folder}`], {})
  if (invocation.command === 'test') {
    const { requireOneVersion } = await import('#commands/matrix/combinations.ts')
    requireOneVersion('A cell', invocation.options)
  }
  const verdict = await earlierAttempt(folder)
  if (verdict === undefined) return perform(invocation, args)
  print(`${name} already has a verdict: ${folder}\nTo run the cell again, name another folder with --report-dir.`)
  return verdict
}

const isVerbose = (invocation: Invocation): boolean =>
  'options' in invocation && 'verbose' in invocation.options && invocation.options.verbose === true
