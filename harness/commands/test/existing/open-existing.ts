import { type ExistingMesh, ownNamespaces } from '#checks/existing-target.ts'
import type { Need } from '#checks/target.ts'
import { ownerOf } from '#engine/owner.ts'
import type { BundleSource } from '#report/bundle/collect.ts'
import type { Terminal } from '#report/terminal.ts'
import type { PhaseLog } from '#run/phase-log.ts'
import { runTasks, taskStack } from '#run/task-stack.ts'
import { tearDown } from '#run/tear-down.ts'
import type { ExistingPlan } from './plan-existing.ts'
import type { Making } from './steps.ts'

/** What is made in existing clusters, and by which run. */
export type ExistingOrder = { runId: string; plan: ExistingPlan; terminal: Terminal; signal: AbortSignal }

/** Our place in existing clusters. It goes at the end of the block that it was opened in (`await using`). */
export type OpenExisting = AsyncDisposable & {
  /**
   * Makes our namespaces and workloads ready. Returns the mesh, with what turned out to be withheld.
   * @throws what the first failing step threw.
   */
  setUp: () => Promise<ExistingMesh>
}

/**
 * Opens a place in existing clusters. Nothing is made yet, but its teardown stands: what `setUp` makes, in whole or in
 * part, is removed at the end of the block, as the phase `teardown`.
 * @throws from the end of the block: MeshproofError MP-410 where something stays.
 */
export const openExisting = async (
  { runId, plan, terminal, signal }: ExistingOrder,
  phases: PhaseLog,
): Promise<OpenExisting> => {
  const stack = taskStack()
  const lacking = new Map<Need, string>()
  const making: Making = {
    runId,
    owner: await ownerOf(process.pid),
    say: terminal.line,
    withhold: (need, reason) => {
      lacking.set(need, reason)
    },
  }
  const tasks = plan.steps.map(({ name, after, run, undo }) => ({
    name,
    after,
    run: (stop: AbortSignal) => run(making, stop),
    ...(undo ? { undo: () => undo(making) } : {}),
  }))
  return {
    setUp: async () => {
      await runTasks(tasks, stack, phases, signal)
      return { ...plan.found, withheld: { ...plan.found.withheld, ...Object.fromEntries(lacking) } }
    },
    [Symbol.asyncDispose]: () => tearDown(phases, stack.unwind),
  }
}

/**
 * What a bundle takes of clusters that somebody else made: our own namespaces, and those of control planes and
 * gateways.
 */
export const existingSource = ({ clusters, found }: ExistingPlan): BundleSource => ({
  clusters,
  namespaces: [
    ...new Set([
      ...Object.values(ownNamespaces),
      found.istioNamespace,
      ...clusters.flatMap(({ gateway }) => gateway?.service.namespace ?? []),
    ]),
  ],
  nodes: () => [],
})
