import type { Terminal } from '#report/terminal.ts'
import { topologyVerdict } from '#results/results.ts'
import { catalogue } from '#run/catalogue.ts'
import type { MeshPlan } from '#run/plan.ts'
import type { MeshInput } from '#run/vitest/contract.ts'
import { runChecks } from '#run/vitest/run-checks.ts'
import type { MeshRecord } from './mesh-record.ts'

/** How the checks of a mesh are run: `rounds` times (default: once). `timeout` is seconds for one check. */
export type Checking = {
  plan: MeshPlan
  timeout: number
  failFast: boolean
  rounds?: number
  terminal: Terminal
  signal: AbortSignal
}

/** What happens between checks. */
type Between = {
  /** Called when the remaining checks of the last round mostly wait. */
  passOn?: () => void
  /** Called after the first round that failed, where another follows: the mesh still shows why. */
  afterFailure?: () => Promise<void>
}

/**
 * Runs the planned checks of a mesh that is up, each round as a phase `checks`. The record and the terminal get each
 * result at once. With `failFast` the first round that failed is the last.
 */
export const checkMesh = async (
  mesh: MeshInput,
  checking: Checking,
  record: MeshRecord,
  { passOn = () => undefined, afterFailure }: Between = {},
): Promise<void> => {
  const { failFast, rounds = 1, terminal, signal } = checking
  let failedBefore = false
  for (let round = 1; round <= rounds && !signal.aborted; round += 1) {
    if (rounds > 1) terminal.line(`round ${round} of ${rounds}`)
    const failed = await checkOnce(mesh, checking, record, round === rounds ? passOn : () => undefined)
    if (failed && failFast) return record.noMoreRounds('an earlier round failed and --fail-fast was given')
    if (failed && !failedBefore && round < rounds && !signal.aborted) await afterFailure?.()
    failedBefore ||= failed
  }
}

/** Runs the planned checks once. Returns whether one failed. */
const checkOnce = async (
  mesh: MeshInput,
  { plan, timeout, failFast, terminal, signal }: Checking,
  { phases, checked, checkedAll }: MeshRecord,
  passOn: () => void,
): Promise<boolean> => {
  const startedAt = new Date()
  phases.started('checks', startedAt.getTime())
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
  checkedAll(results, startedAt)
  const verdict = topologyVerdict(results) === 'fail' ? 'fail' : 'pass'
  phases.ended('checks', Date.now(), signal.aborted ? 'not-run' : verdict)
  return verdict === 'fail'
}

/**
 * The last of the checks that wait for pods of their own: by then most others are done, and the next lab’s clusters
 * can come up. Checks that disrupt do not count: they measure the whole time, and would measure the next lab too.
 */
const waiting = catalogue.findLast(({ ownPods }) => ownPods)?.id
