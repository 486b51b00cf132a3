import { type Check, harmlessChecks } from '#checks/check.ts'
import type { Stage } from '#checks/mesh-under-test.ts'
import { labData, type Lab } from '#lab/lab.ts'
import type { Terminal } from '#report/terminal.ts'
import { diagnose } from '#results/explain.ts'
import type { CheckResult } from '#results/results.ts'
import { planChecks } from '#run/plan-checks.ts'
import { selectChecks } from '#run/plan.ts'
import { runChecks } from '#run/vitest/run-checks.ts'

/** How the checks of a stage run. `from` is the name of the old release. `timeout` is in seconds, for one check. */
export type StageChecking = {
  lab: Lab
  checks: readonly Check[]
  from: string
  timeout: number
  terminal: Terminal
}

/**
 * Runs a lab’s checks at a stage of its upgrade. `harmless` checks run at once, beside traffic. The `others` run
 * without traffic, and their results include the checks that do not apply. The terminal shows the checks that are not
 * green, and how many passed.
 */
export const runStageChecks = async (
  stage: Stage,
  which: 'harmless' | 'others',
  { lab, checks, from, timeout, terminal }: StageChecking,
  signal: AbortSignal,
): Promise<CheckResult[]> => {
  const upgrade = { stage, from }
  const harmless = harmlessChecks(checks)
  const planOf = (candidates: readonly Check[]): ReturnType<typeof planChecks> =>
    planChecks(candidates, lab.topology, selectChecks([], checks), { upgrade })
  const { planned } = planOf(which === 'harmless' ? harmless : checks.filter((check) => !harmless.includes(check)))
  const results = await runChecks(
    {
      mesh: { lab: labData(lab), upgrade },
      planned,
      timeout: timeout * 1000,
      ...(which === 'harmless' ? { atOnce: true } : {}),
    },
    {
      started: ({ id }) => {
        terminal.started(id)
      },
      ended: (result) => {
        terminal.ended(result.id, 0, 'not-run')
        if (result.verdict !== 'pass') terminal.check(result)
      },
    },
    { failFast: false, signal },
  )
  terminal.line(`    ${results.filter(({ verdict }) => verdict === 'pass').length} of ${results.length} checks passed`)
  return diagnose([...results, ...(which === 'harmless' ? [] : planOf(checks).skipped)])
}
