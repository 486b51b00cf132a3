import { join } from 'node:path'
import { diagnose } from '#commands/diagnose/diagnose.ts'
import { doctor } from '#commands/doctor.ts'
import { down } from '#commands/down.ts'
import { performImages } from '#commands/images/images.ts'
import { history } from '#commands/history.ts'
import { init } from '#commands/init.ts'
import { judge, printJudgePlan } from '#commands/judge/judge.ts'
import { listing } from '#commands/list.ts'
import { requireOneVersion, versionCells } from '#commands/matrix/combinations.ts'
import { cellOf, earlierAttempt } from '#commands/matrix/earlier-attempt.ts'
import { emitted } from '#commands/matrix/emitted.ts'
import type { CellOptions } from '#commands/matrix/options.ts'
import { serveMetrics } from '#commands/metrics.ts'
import { prove } from '#commands/prove/prove.ts'
import { report, watchReports } from '#commands/report/report.ts'
import { printPlan } from '#commands/test/print-plan.ts'
import { test } from '#commands/test/test.ts'
import { up } from '#commands/up.ts'
import { verifyReport } from '#commands/verify-report.ts'
import { printUpgradePlan, upgrade } from '#commands/upgrade/upgrade.ts'
import { print } from '#run/print.ts'
import { readArguments } from './arguments.ts'
import type { Invocation } from './invocation.ts'
import { untilInterrupted } from './signals.ts'
import { type OnTerminal, streamFor, withTerminal } from './with-terminal.ts'

/** Performs the command of a command line, and returns its exit code. `words` is the command line as typed. */
export const perform = async (
  invocation: Invocation,
  words: readonly string[] = process.argv.slice(2),
): Promise<number> => {
  const line = ['meshproof', ...words].join(' ')
  const onTerminal = (stream: NodeJS.WritableStream, command: OnTerminal): Promise<number> =>
    withTerminal(stream, command, isVerbose(invocation))
  switch (invocation.command) {
    case 'init':
      for (const path of await init(process.cwd(), invocation.options)) print(`written: ${path}`)
      return 0
    case 'completion':
    case 'help':
      print(invocation.text.trimEnd())
      return 0
    case 'test': {
      const { options } = invocation
      if (options.plan) return printPlan(versionCells(options))
      return onTerminal(streamFor(options.output), (screen, signals) => test(options, line, screen, signals))
    }
    case 'up': {
      const { options } = invocation
      if (options.plan) return printPlan([{ name: '', options }])
      return onTerminal(streamFor(options.output), (screen, signals) => up(options, line, screen, signals))
    }
    case 'upgrade': {
      const { options } = invocation
      if (options.plan) return printUpgradePlan(options)
      return onTerminal(streamFor(options.output), (screen, signals) => upgrade(options, line, screen, signals))
    }
    case 'judge': {
      const { options } = invocation
      if (options.plan) return printJudgePlan(options)
      return onTerminal(streamFor(options.output), (screen, signals) => judge(options, line, screen, signals))
    }
    case 'prove': {
      const { options } = invocation
      return onTerminal(streamFor(options.output), (screen, signals) => prove(options, screen, signals))
    }
    case 'diagnose': {
      const { options } = invocation
      return onTerminal(streamFor(options.output), (screen, { signal }) => diagnose(options, screen, signal))
    }
    case 'metrics': {
      const { options } = invocation
      return untilInterrupted((signal) => serveMetrics(options, print, signal))
    }
    case 'down': {
      const { options } = invocation
      return onTerminal(process.stdout, (screen, { signal }) => down(options, screen.line, signal))
    }
    case 'images list':
    case 'images build':
    case 'images mirror':
    case 'images verify':
    case 'images save':
    case 'images load':
      return onTerminal(process.stderr, (screen, { signal }) => performImages(invocation, screen, signal))
    case 'list':
      print(await listing(invocation.options.output))
      return 0
    case 'doctor': {
      const { fit, report: text, findings } = await doctor()
      print(invocation.options.output === 'json' ? { fit, findings } : text)
      return fit ? 0 : 2
    }
    case 'report': {
      const { options } = invocation
      return options.watch ? untilInterrupted((signal) => watchReports(options, signal)) : report(options)
    }
    case 'history':
      return history(invocation.options)
    case 'verify-report':
      return verifyReport(invocation.options)
    case 'matrix':
      print((await emitted(invocation.options)).trimEnd())
      return 0
    case 'cell':
      return performCell(invocation.options)
  }
}

/** Performs the command line of a cell, unless an earlier attempt left a verdict. */
const performCell = async ({ reportDir, cells, index }: CellOptions): Promise<number> => {
  const { name, args } = await cellOf(cells, index, process.env)
  const folder = join(reportDir, name)
  const invocation = readArguments([...args, `--report-dir=${folder}`], {})
  if (invocation.command === 'test') requireOneVersion('A cell', invocation.options)
  const verdict = await earlierAttempt(folder)
  if (verdict === undefined) return perform(invocation, args)
  print(`${name} already has a verdict: ${folder}\nTo run the cell again, name another folder with --report-dir.`)
  return verdict
}

const isVerbose = (invocation: Invocation): boolean =>
  'options' in invocation && 'verbose' in invocation.options && invocation.options.verbose === true
