import type { Terminal } from '#report/terminal.ts'
import { topologyVerdict } from '#results/results.ts'
import { catalogue } from '#run/catalogue.ts'
import type { MeshPlan } from '#run/plan.ts'
import type { MeshInput } from '#run/vitest/contract.ts'
import { runChecks } from '#run/vitest/run-checks.ts'
import type { MeshRecord } from './mesh-record.ts'

/** How the checks of a mesh are run. `timeout` is seconds for one check. */
export type Checking = {
  plan: MeshPlan
  timeout: number
  failFast: boolean
  terminal: Terminal
  signal: AbortSignal
}

/**
 * Runs the planned checks of a mesh that is up, as the phase `checks`. The record and the terminal get each result at
 * once. `passOn` is called when the remaining checks mostly wait.
 */
export const checkMesh = async (
  mesh: MeshInput,
  { plan, timeout, failFast, terminal, signal }: Checking,
  { phases, checked, checkedAll }: MeshRecord,
  passOn: () => void = () => undefined,
): Promise<void> => {
  phases.started('checks', Date.now())
  let done = 0
  terminal.counted('checks', done, plan.planned.length)
  const results = await runChecks(
    { mesh, planned: plan.planned, timeout: timeout * 1000 },
    {
      started: ({ id }) => {
        terminal.started(id)
        if (id === waiting) passOn()
      },
      ended: (result) => {
        terminal.ended(result.id, 0, 'not-run')
        terminal.counted('checks', ++done, plan.planned.length)
        terminal.check(result)
        checked(result)
      },
    },
    { failFast, signal },
  )
  checkedAll(results)
  const verdict = topologyVerdict(results) === 'fail' ? 'fail' : 'pass'
  phases.ended('checks', Date.now(), signal.aborted ? 'not-run' : verdict)
}

/**
 * The last of the checks that wait for pods of their own: by then most others are done, and the next lab’s clusters
 * can come up. Checks that disrupt do not count: they measure the whole time, and would measure the next lab too.
 */
const waiting = catalogue.findLast(({ ownPods }) => ownPods)?.id
