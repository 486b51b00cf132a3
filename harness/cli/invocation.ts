import type { Command } from 'commander'
import type { z } from 'zod'
import type { DiagnoseOptions } from '#commands/diagnose/options.ts'
import type { DownOptions } from '#commands/down.ts'
import type { HistoryOptions } from '#commands/history.ts'
import type { ImagesInvocation } from '#commands/images/options.ts'
import type { InitOptions } from '#commands/init.ts'
import type { JudgeOptions } from '#commands/judge/options.ts'
import type { CellOptions, MatrixOptions } from '#commands/matrix/options.ts'
import type { MetricsOptions } from '#commands/metrics.ts'
import type { ReportOptions } from '#commands/report/report.ts'
import type { UpgradeOptions } from '#commands/upgrade/options.ts'
import type { VerifyReportOptions } from '#commands/verify-report.ts'
import type { RunOptions, TestOptions } from '#run/options.ts'

/** A valid command line. */
export type Invocation =
  | { command: 'test'; options: TestOptions }
  | { command: 'up' | 'prove'; options: RunOptions }
  | { command: 'upgrade'; options: UpgradeOptions }
  | { command: 'judge'; options: JudgeOptions }
  | { command: 'diagnose'; options: DiagnoseOptions }
  | { command: 'down'; options: DownOptions }
  | { command: 'report'; options: ReportOptions }
  | { command: 'history'; options: HistoryOptions }
  | { command: 'verify-report'; options: VerifyReportOptions }
  | { command: 'metrics'; options: MetricsOptions }
  | { command: 'matrix'; options: MatrixOptions }
  | { command: 'cell'; options: CellOptions }
  | ImagesInvocation
  | { command: 'list' | 'doctor'; options: { output: 'text' | 'json' } }
  | { command: 'init'; options: InitOptions }
  | { command: 'completion'; text: string }
  | { command: 'help'; text: string }

/** What commands are added to: a program or a group of commands. */
export type CommandGroup = {
  /** Adds a command. */
  add: (name: string, description: string) => Command
  /** Validates the flags that the user typed. @throws MeshproofError MP-101 for a value that is refused. */
  parsed: <T>(schema: z.ZodType<T>, options: unknown) => T
  /** Takes the command that the user typed. */
  take: (invocation: Invocation) => void
}
