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

/** What `openExisting` needs to know of a run on existing clusters. */
export type ExistingOrder = { runId: string; plan: ExistingPlan; terminal: Terminal; signal: AbortSignal }

/** Our namespaces in existing clusters. They are deleted at the end of the block that opened them (`await using`). */
export type OpenExisting = AsyncDisposable & {
  /**
   * Makes our namespaces and workloads ready. Returns the mesh, with everything that it withholds.
   * @throws the error of the first step that fails.
   */
  setUp: () => Promise<ExistingMesh>
}

/**
 * Prepares our namespaces in existing clusters. Nothing is made yet, but the teardown is ready: the end of the block
 * removes whatever `setUp` made, as the phase `teardown`.
 * @throws from the end of the block: MeshproofError MP-410 where something stays.
 */
export const openExisting = async (
  { runId, plan, terminal, signal }: ExistingOrder,
  phases: PhaseLog,
): Promise<OpenExisting> => {
  const stack = taskStack()
  const withheld = new Map<Need, string>()
  const making: Making = {
    runId,
    owner: await ownerOf(process.pid),
    say: terminal.line,
    withhold: (need, reason) => {
      withheld.set(need, reason)
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
      return { ...plan.found, withheld: { ...plan.found.withheld, ...Object.fromEntries(withheld) } }
    },
    [Symbol.asyncDispose]: () => tearDown(phases, stack.unwind),
  }
}

/** The sources of a bundle in existing clusters: our namespaces, and those of control planes and gateways. */
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
