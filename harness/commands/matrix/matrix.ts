import type { Cell } from '#results/cells.ts'
import { catalogue } from '#run/catalogue.ts'
import { makePlans, selectChecks } from '#run/plan.ts'
import { argumentsOf } from './arguments-of.ts'
import { combinations, nameOf } from './combinations.ts'
import type { MatrixOptions } from './options.ts'
import { resolveImageSources } from './image-sources.ts'

/**
 * The cells of a matrix: every topology with every combination of versions, once for each set of patterns. With
 * `contexts` the existing mesh takes the place of the topologies.
 * @throws MeshproofError MP-1xx for a topology, a check or a version that does not exist, or versions that cannot be
 * combined.
 */
export const matrixCells = async ({
  emit: _emit,
  queue: _queue,
  image: _image,
  topology,
  istio,
  kubernetes,
  kind,
  suite: suites,
  ...shared
}: MatrixOptions): Promise<Cell[]> => {
  const checks = catalogue
  for (const patterns of suites) selectChecks(patterns, checks)
  const versions = combinations({ istio, kubernetes, kind })
  if (!shared.contexts)
    await resolveImageSources(
      versions.map((version) => ({ name: nameOf(version), options: { ...shared, ...version } })),
    )
  const plans = shared.contexts ? [] : await makePlans(topology, [], checks, shared)
  const references = new Map(plans.map((plan) => [plan.topology.name, plan.reference]))
  const topologies: [name?: string, reference?: string][] = shared.contexts ? [[]] : [...references]
  const sets =
    suites.length > 0 ? [...new Set(suites.map((patterns) => patterns.join(',')))].map((set) => set.split(',')) : [[]]
  return topologies.flatMap(([topologyName, reference]) =>
    sets.flatMap((suite, index) =>
      versions.map((version) => ({
        name:
          [topologyName, ...(sets.length > 1 ? [labelOf(suite, index)] : []), nameOf(version)]
            .filter(Boolean)
            .join('-') || 'mesh',
        args: argumentsOf({ ...(reference !== undefined && { topology: [reference] }), ...version, suite, ...shared }),
      })),
    ),
  )
}

/**
 * The label of a set of patterns: its number, which makes the label unique, and its patterns. At most 40 characters.
 */
const labelOf = (patterns: readonly string[], index: number): string =>
  [
    index + 1,
    ...patterns.map((pattern) => pattern.replace(/^!/, 'not-').replaceAll(/\W+/g, '-').replaceAll(/^-|-$/g, '')),
  ]
    .filter((part) => part !== '')
    .join('-')
    .slice(0, 40)
