import type { Check } from '#checks/check.ts'
import type { MeshPlan } from '#run/plan.ts'
import { variantName } from '#results/results.ts'

/** The one line that says what a run will do. */
export const describePlans = (plans: MeshPlan[], checks: readonly Check[]): string[] =>
  plans.map(({ topology, planned, skipped }) => {
    const clusters = topology.clusters
      .map(({ name, role, network }) => `${name} (${[role, network].filter(Boolean).join(', ')})`)
      .join(', ')
    const every = checks.filter(({ id }) => [...planned, ...skipped].some((one) => one.id === id)).length
    return (
      `${variantName(topology)}: ${clusters}; ${new Set(planned.map(({ id }) => id)).size} of ${every} checks, ` +
      `${planned.length} verdicts`
    )
  })

/** Everything `--plan` prints: clusters, steps, checks. Pure data, so it is the same as JSON. */
export const planDocument = (plans: (MeshPlan & { steps: { name: string }[] })[]): object => ({
  topologies: plans.map(({ topology, steps, planned, skipped }) => ({
    ...topology,
    steps: steps.map(({ name }) => name),
    checks: planned,
    skipped: skipped.map(({ id, reason }) => ({ id, reason })),
  })),
})
