import type { Cell } from '#results/cells.ts'
import { catalogue } from '#run/catalogue.ts'
import { makePlans, selectChecks } from '#run/plan.ts'
import { argumentsOf } from './arguments-of.ts'
import { combinations, nameOf } from './combinations.ts'
import type { MatrixOptions } from './options.ts'
import { resolveImageSources } from './image-sources.ts'

/**
 * The cells of a matrix: every topology with every combination of versions, or, of clusters that exist, the mesh
 * itself; and each of these with every set of patterns.
 * @throws MeshproofError MP-1xx for a topology, a check or a version that does not exist, or versions that do not go
 * together.
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
  ...same
}: MatrixOptions): Promise<Cell[]> => {
  const checks = catalogue
  for (const patterns of suites) selectChecks(patterns, checks)
  const versions = combinations({ istio, kubernetes, kind })
  if (!same.contexts)
    await resolveImageSources(versions.map((one) => ({ name: nameOf(one), options: { ...same, ...one } })))
  const plans = same.contexts ? [] : await makePlans(topology, [], checks, same.mtls, same.istioNamespace)
  const topologies = same.contexts
    ? [undefined]
    : [...new Map(plans.map((plan) => [plan.topology.name, plan.reference]))]
  const sets =
    suites.length > 0 ? [...new Set(suites.map((patterns) => patterns.join(',')))].map((set) => set.split(',')) : [[]]
  return topologies.flatMap((one) =>
    sets.flatMap((suite, index) =>
      versions.map((version) => ({
        name:
          [one?.[0], ...(sets.length > 1 ? [labelOf(suite, index)] : []), nameOf(version)].filter(Boolean).join('-') ||
          'mesh',
        args: argumentsOf({ ...(one && { topology: [one[1]] }), ...version, suite, ...same }),
      })),
    ),
  )
}

/** What a set of patterns is called: its number, which keeps it apart from others, and what it names. */
const labelOf = (patterns: readonly string[], index: number): string =>
  [
    index + 1,
    ...patterns.map((pattern) => pattern.replace(/^!/, 'not-').replaceAll(/\W+/g, '-').replaceAll(/^-|-$/g, '')),
  ]
    .filter((part) => part !== '')
    .join('-')
    .slice(0, 40)
