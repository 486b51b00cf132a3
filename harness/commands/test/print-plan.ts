import type { VersionCell } from '#commands/matrix/combinations.ts'
import { resolveImageSources } from '#commands/matrix/image-sources.ts'
import { planExisting } from '#commands/test/existing/plan-existing.ts'
import { variantName } from '#results/results.ts'
import { catalogue } from '#run/catalogue.ts'
import { makePlans } from '#run/plan.ts'
import { print } from '#run/print.ts'
import { requireIstioOfClusters } from '#run/require-istio-of-clusters.ts'
import { connectContexts } from '#probes/survey/contexts.ts'
import { describePlans, gatewayLines, planDocument, stepLines } from './plan-line.ts'

/**
 * Prints what a run would do: its topologies with their steps and checks, and the source of the images. With several
 * versions it also prints the cells.
 */
export const printPlan = async (cells: readonly VersionCell[]): Promise<number> => {
  const [firstCell] = cells
  if (!firstCell) return 0
  const { options } = firstCell
  const { installer = 'istioctl', topology, suite } = options
  const existing =
    options.contexts && (await planExisting(connectContexts(options.contexts, options.kubeconfig), options, catalogue))
  const ofLabs = existing ? [] : await makePlans(topology, suite, catalogue, options)
  for (const cell of cells) requireIstioOfClusters(ofLabs, cell.options.istio)
  const plans = existing ? [existing] : ofLabs
  const sources = existing ? [existing.images.source] : await resolveImageSources(cells)
  const planned = cells.map(({ name }, index) => ({ name, images: sources[index] }))
  if (options.output === 'json')
    print({
      ...(planned.length > 1 ? { cells: planned } : { images: planned[0]?.images }),
      ...(installer === 'helm' ? { installer } : {}),
      ...(options.repeat > 1 ? { rounds: options.repeat, fresh: options.fresh } : {}),
      ...planDocument(plans, installer),
    })
  else {
    for (const line of [...(existing?.lines ?? []), ...describePlans(plans, catalogue)]) print(line)
    for (const plan of plans) {
      print(`${variantName(plan.topology)}:`)
      print('  steps:')
      for (const line of stepLines(plan, installer)) print(`    ${line}`)
      print('  checks:')
      for (const { id, from, to } of plan.planned) print(`    ${id}  ${from.join(', ')} → ${to.join(', ')}`)
    }
    for (const line of gatewayLines(ofLabs)) print(line)
    if (installer === 'helm') print(`installer: helm, charts: ${options.charts ?? 'of the Istio release'}`)
    if (options.repeat > 1)
      print(`rounds: ${options.repeat}, ${options.fresh ? 'each on a lab of its own' : 'on the same mesh'}`)
    if (planned.length > 1) print(`cells, one after the other:`)
    for (const { name, images } of planned)
      print(planned.length > 1 ? `  ${name}  images: ${images}` : `images: ${images}`)
  }
  return 0
}
