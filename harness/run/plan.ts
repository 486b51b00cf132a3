import { matchesGlob } from 'node:path'
import type { Check } from '#checks/check.ts'
import { MeshproofError, unknownValue } from '#errors.ts'
import type { Procedure, Step } from '#istio/procedure.ts'
import { procedures } from '#istio/procedures/index.ts'
import type { CheckResult } from '#results/results.ts'
import { loadTopologyFile, type MeshShape, type Mtls, type Topology, topologyNames } from '#topology/topology-file.ts'
import { LabIstioNamespace } from '#topology/topology-schema.ts'
import { planChecks, type PlannedCheck } from './plan-checks.ts'

/** What is asked of one mesh of a run, and what is not. */
export type MeshPlan = { topology: MeshShape; planned: PlannedCheck[]; skipped: CheckResult[] }

/** What one topology of a run will do, in one of its variants: pure data and named steps; what `--plan` prints. */
export type TopologyPlan = MeshPlan & {
  /** What it was asked for by: its name, or the path of its file. */
  reference: string
  topology: Topology
  procedure: Procedure
  steps: Step[]
}

/**
 * Turns names, or paths of files, and patterns into plans: one for each topology and mutual TLS mode. `mtls` and
 * `istioNamespace` overrule what the topologies name themselves.
 * @throws MeshproofError MP-101 for a topology or check that does not exist, with the nearest that does, and for a
 * namespace that a lab has no place for; MP-108 and MP-109 for a file that is not valid or cannot be read.
 */
export const makePlans = async (
  names: string[],
  patterns: string[],
  checks: readonly Check[],
  mtls?: Mtls,
  istioNamespace?: string,
): Promise<TopologyPlan[]> => {
  const selected = selectChecks(patterns, checks)
  if (istioNamespace !== undefined) requireFree(istioNamespace)
  // Every name is looked at, also beside `all`: a mistake in one is told.
  const named = names.filter((name) => name !== 'all')
  const files = await Promise.all(
    named.map(async (reference) => ({ reference, file: await loadTopologyFile(reference) })),
  )
  const every = names.includes('all')
    ? await Promise.all(
        (await topologyNames()).map(async (reference) => ({ reference, file: await loadTopologyFile(reference) })),
      )
    : []
  const unique = [...new Map([...every, ...files].map((one) => [one.file.name, one])).values()]
  return unique.flatMap(({ reference, file }) =>
    (mtls === undefined ? file.mtls : [mtls]).map((mode) => {
      const topology = { ...file, mtls: mode, istioNamespace: istioNamespace ?? file.istioNamespace }
      const procedure = procedures[file.procedure]
      return {
        reference,
        topology,
        procedure,
        steps: procedure.steps(topology),
        ...planChecks(checks, topology, selected),
      }
    }),
  )
}

const requireFree = (istioNamespace: string): void => {
  const { error } = LabIstioNamespace.safeParse(istioNamespace)
  if (error === undefined) return
  throw new MeshproofError('MP-101', {
    what: '--istio-namespace does not take that value',
    why: error.issues[0]?.message,
    next: 'Name another namespace: the lab makes it.',
  })
}

/**
 * The checks that patterns select: `reach.*` takes, `!reach.path` leaves out; with exclusions alone, everything else is
 * taken. A check that disrupts is taken where a pattern names at least what its id begins with, up to the dot: neither
 * `*` nor no pattern at all means it.
 * @throws MeshproofError MP-101 for a pattern that fits no check.
 */
export const selectChecks = (
  patterns: string[],
  checks: readonly Pick<Check, 'id' | 'disrupts'>[],
): ((id: string) => boolean) => {
  const ids = checks.map(({ id }) => id)
  const disrupting = new Set(checks.filter(({ disrupts }) => disrupts).map(({ id }) => id))
  for (const pattern of patterns.map((text) => text.replace(/^!/, '')))
    if (!ids.some((id) => matchesGlob(id, pattern))) throw unknownValue('check', pattern, [...new Set(ids)])
  const excludes = patterns.flatMap((pattern) => (pattern.startsWith('!') ? pattern.slice(1) : []))
  const includes = patterns.filter((pattern) => !pattern.startsWith('!'))
  const fits = (id: string, pattern: string): boolean =>
    matchesGlob(id, pattern) && (!disrupting.has(id) || pattern.startsWith(id.slice(0, id.indexOf('.') + 1)))
  const included = (id: string): boolean =>
    (includes.length === 0 && !disrupting.has(id)) || includes.some((pattern) => fits(id, pattern))
  const chosen = (id: string): boolean => included(id) && !excludes.some((pattern) => matchesGlob(id, pattern))
  if (patterns.length > 0 && !ids.some(chosen)) {
    throw new MeshproofError('MP-103', {
      what: 'The patterns of --suite leave no check',
      where: patterns.join(','),
      next: 'meshproof list',
    })
  }
  return chosen
}
