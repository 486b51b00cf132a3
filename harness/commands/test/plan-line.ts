import type { Check } from '#checks/check.ts'
import type { MeshPlan } from '#run/plan.ts'
import { variantName } from '#results/results.ts'

/** What a run will do: a line for each plan. */
export const describePlans = (plans: MeshPlan[], checks: readonly Check[]): string[] =>
  plans.map(({ topology, planned, skipped }) => {
    const clusters = topology.clusters
      .map(({ name, role, network }) => `${name} (${[role, network].filter(Boolean).join(', ')})`)
      .join(', ')
    const total = checks.filter(({ id }) => [...planned, ...skipped].some((result) => result.id === id)).length
    return (
      `${variantName(topology)}: ${clusters}; ${new Set(planned.map(({ id }) => id)).size} of ${total} checks, ` +
      `${planned.length} verdicts`
    )
  })

/** Everything that `--plan` prints: clusters, steps and checks. It is data that can be printed as JSON. */
export const planDocument = (plans: (MeshPlan & { steps: { name: string }[] })[]): object => ({
  topologies: plans.map(({ topology, steps, planned, skipped }) => ({
    ...topology,
    steps: steps.map(({ name }) => name),
    checks: planned,
    skipped: skipped.map(({ id, reason }) => ({ id, reason })),
  })),
})
