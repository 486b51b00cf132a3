import { ownNamespaces } from '#checks/existing-mesh.ts'
import type { Need } from '#checks/mesh-under-test.ts'
import type { Asking, LookBack } from '#commands/test/run-mesh.ts'
import { ownerOf } from '#engine/owner.ts'
import type { BundleSource } from '#report/bundle/collect.ts'
import type { Terminal } from '#report/terminal.ts'
import type { PhaseLog } from '#run/phase-log.ts'
import { type BundlePlace, supportBundle } from '#run/support-bundle.ts'
import { runTasks, taskStack } from '#run/task-stack.ts'
import type { ExistingPlan } from './plan-existing.ts'
import type { Making } from './steps.ts'

/**
 * Makes our namespaces and workloads in existing clusters, has the checks asked, and removes them again. It returns
 * what went wrong on the way, if anything did; cleaning up is never left out for it.
 */
export const inExisting = async (
  {
    runId,
    plan,
    terminal,
    signal,
    bundle,
  }: { runId: string; plan: ExistingPlan; terminal: Terminal; signal: AbortSignal; bundle: BundlePlace },
  phases: PhaseLog,
  ask: Asking,
  lookBack: LookBack,
): Promise<{ error?: unknown }> => {
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
  let error: unknown
  try {
    await runTasks(
      plan.steps.map(({ name, after, run, undo }) => ({
        name,
        after,
        run: (stop) => run(making, stop),
        ...(undo ? { undo: () => undo(making) } : {}),
      })),
      stack,
      phases,
      signal,
    )
    await ask(
      { existing: { ...plan.found, withheld: { ...plan.found.withheld, ...Object.fromEntries(lacking) } } },
      () => undefined,
    )
    signal.throwIfAborted()
  } catch (thrown) {
    error = signal.aborted ? signal.reason : thrown
  }
  if (!signal.aborted)
    await lookBack(error, (result) => supportBundle(ourPart(plan), result, bundle, phases, signal)).catch(
      (thrown: unknown) => {
        error ??= thrown
      },
    )
  phases.started('teardown', Date.now())
  const failed = await stack.unwind().then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  phases.ended('teardown', Date.now(), failed === undefined ? 'pass' : 'fail', failed)
  error ??= failed
  return error === undefined ? {} : { error }
}

/**
 * What a bundle takes of clusters that somebody else made: our own namespaces, and those of control planes and
 * gateways.
 */
const ourPart = ({ clusters, found }: ExistingPlan): BundleSource => ({
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
