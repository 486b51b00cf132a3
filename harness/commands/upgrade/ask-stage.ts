import { harmlessChecks, type Check } from '#checks/check.ts'
import { planChecks } from '#run/plan-checks.ts'
import { runChecks } from '#run/vitest/run-checks.ts'
import { diagnose } from '#results/explain.ts'
import { labData, type Lab } from '#lab/lab.ts'
import { selection } from '#run/plan.ts'
import type { CheckResult } from '#results/results.ts'
import type { Terminal } from '#report/terminal.ts'
import type { Upgrading } from './carry-out.ts'

/** How the checks of a lab are asked: `from` is the old release’s name, `timeout` seconds for one check. */
export type StageAsking = {
  lab: Lab
  checks: readonly Check[]
  from: string
  timeout: number
  terminal: Terminal
  signal: AbortSignal
}

/**
 * Asks a lab’s checks at a stage of its upgrade: beside traffic those that disturb nothing, all at once; without it
 * the others, with those that do not apply. The terminal is told of those that are not green, and how many are.
 */
export const asking =
  ({ lab, checks, from, timeout, terminal, signal }: StageAsking): Upgrading['ask'] =>
  async (stage, which) => {
    const beside = which === 'undisturbing'
    const upgrade = { stage, from }
    const matrix = harmlessChecks(checks)
    const planOf = (some: readonly Check[]): ReturnType<typeof planChecks> =>
      planChecks(some, lab.topology, selection([], checks), { upgrade })
    const { planned } = planOf(beside ? matrix : checks.filter((check) => !matrix.includes(check)))
    const ended = (result: CheckResult): void => {
      terminal.ended(result.id, 0, 'not-run')
      if (result.verdict !== 'pass') terminal.check(result)
    }
    const answers = await runChecks(
      { mesh: { lab: labData(lab), upgrade }, planned, timeout: timeout * 1000, ...(beside ? { atOnce: true } : {}) },
      {
        started: ({ id }) => {
          terminal.started(id)
        },
        ended,
      },
      { failFast: false, signal },
    )
    terminal.line(
      `    ${answers.filter(({ verdict }) => verdict === 'pass').length} of ${answers.length} checks passed`,
    )
    return diagnose([...answers, ...(beside ? [] : planOf(checks).skipped)])
  }
