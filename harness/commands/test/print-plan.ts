import type { VersionCell } from '#commands/matrix/combinations.ts'
import { requirePossible } from '#commands/matrix/possible.ts'
import { planExisting } from '#commands/test/existing/plan-existing.ts'
import { imagesFor } from '#images/versions.ts'
import { variantName } from '#results/results.ts'
import { catalogue } from '#run/catalogue.ts'
import { makePlans } from '#run/plan.ts'
import { print } from '#run/tell.ts'
import { connectContexts } from '#survey/contexts.ts'
import { describePlans, planDocument } from './plan-line.ts'

/**
 * Prints what a run would do: its topologies, their steps and checks, where images come from; of several versions, its
 * cells.
 */
export const printPlan = async (cells: readonly VersionCell[]): Promise<number> => {
  const [first] = cells
  if (!first) return 0
  const { options } = first
  const checks = catalogue
  const existing =
    options.contexts && (await planExisting(connectContexts(options.contexts, options.kubeconfig), options, checks))
  const plans = existing
    ? [existing]
    : await makePlans(options.topology, options.suite, checks, options.mtls, options.istioNamespace)
  await (existing ? undefined : requirePossible(cells))
  const planned = await Promise.all(
    cells.map(async (cell) => ({
      name: cell.name,
      images: existing ? existing.images.source : await imagesFor(cell.options),
    })),
  )
  if (options.output === 'json')
    print({ ...(planned.length > 1 ? { cells: planned } : { images: planned[0]?.images }), ...planDocument(plans) })
  else {
    for (const line of [...(existing?.lines ?? []), ...describePlans(plans, checks)]) print(line)
    for (const { topology, steps, planned: asked } of plans) {
      print(`${variantName(topology)}:`)
      print('  steps:')
      for (const { name } of steps) print(`    ${name}`)
      print('  checks:')
      for (const { id, from, to } of asked) print(`    ${id}  ${from.join(', ')} → ${to.join(', ')}`)
    }
    if (planned.length > 1) print(`cells, one after the other:`)
    for (const { name, images } of planned)
      print(planned.length > 1 ? `  ${name}  images: ${images}` : `images: ${images}`)
  }
  return 0
}
