import { matchesGlob } from 'node:path'
import { type Check, whyOnDemand } from '#checks/check.ts'
import { MeshproofError, unknownValue } from '#errors.ts'
import type { Procedure, Step } from '#istio/procedure.ts'
import { procedures } from '#istio/procedures/index.ts'
import type { CheckResult } from '#results/results.ts'
import {
  loadTopologyFile,
  type MeshShape,
  type Topology,
  type TopologyFile,
  topologyNames,
} from '#topology/topology-file.ts'
import { severalNetworks } from '#topology/networks.ts'
import { LabIstioNamespace } from '#topology/topology-schema.ts'
import type { RunOptions } from './options.ts'
import { planChecks, type PlannedCheck } from './plan-checks.ts'

/** The checks of a mesh that run, and those that do not. */
export type MeshPlan = { topology: MeshShape; planned: PlannedCheck[]; skipped: CheckResult[] }

/** What a run does with one variant of a topology, as data and named steps. `--plan` prints it. */
export type TopologyPlan = MeshPlan & {
  /** The name, or the path of the file, that the user gave. */
  reference: string
  topology: Topology
  procedure: Procedure
  steps: Step[]
}

/** What the command line says of every topology. `mtls` and `istioNamespace` override what the topologies name. */
export type PlanOptions = Partial<Pick<RunOptions, 'mtls' | 'istioNamespace' | 'installer' | 'gateways'>>

/**
 * Makes a plan for each topology and mutual TLS mode. `names` are names of topologies or paths of files.
 * @throws MeshproofError MP-101 for an unknown topology or check, with the nearest name, and for a namespace that a
 * lab cannot use; MP-108 and MP-109 for a file that is invalid or cannot be read; MP-137 for one that sets options of
 * an operator, which Helm does not take; MP-139 where no topology has gateways that `gateways` could say something of.
 */
export const makePlans = async (
  names: string[],
  patterns: string[],
  checks: readonly Check[],
  { mtls, istioNamespace, installer, gateways }: PlanOptions = {},
): Promise<TopologyPlan[]> => {
  const selected = selectChecks(patterns, checks)
  if (istioNamespace !== undefined) requireFree(istioNamespace)
  // Every name is loaded, also beside `all`, so that a mistake in a name is reported.
  const named = names.filter((name) => name !== 'all')
  const files = await Promise.all(
    named.map(async (reference) => ({ reference, file: await loadTopologyFile(reference) })),
  )
  const shipped = names.includes('all')
    ? await Promise.all(
        (await topologyNames()).map(async (reference) => ({ reference, file: await loadTopologyFile(reference) })),
      )
    : []
  const unique = [...new Map([...shipped, ...files].map((loaded) => [loaded.file.name, loaded])).values()]
  if (installer === 'helm') refuseOperators(unique)
  if (gateways === 'gateway-api') requireGateways(unique)
  return unique.flatMap(({ reference, file }) =>
    (mtls === undefined ? file.mtls : [mtls]).map((mode) => {
      const topology: Topology = {
        ...file,
        mtls: mode,
        istioNamespace: istioNamespace ?? file.istioNamespace,
        ...(gateways === 'gateway-api' && severalNetworks(file) ? { gateways } : {}),
      }
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

/** Clusters of one network have no gateways. @throws MeshproofError MP-139 where no topology has any. */
const requireGateways = (loaded: { reference: string; file: TopologyFile }[]): void => {
  if (loaded.some(({ file }) => severalNetworks(file))) return
  throw new MeshproofError('MP-139', {
    what: 'There are no gateways that could be resources of the Gateway API',
    where: `--gateways=gateway-api, ${loaded.map(({ reference }) => reference).join(', ')}`,
    why: 'clusters on one network reach each other without gateways',
    next: 'Leave out --gateways, or name a topology with several networks: meshproof list shows them.',
  })
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

/** Only istioctl knows an operator. @throws MeshproofError MP-137 for topologies that set options of it. */
const refuseOperators = (loaded: { reference: string; file: TopologyFile }[]): void => {
  const refused = loaded.filter(({ file }) => file.operator !== undefined)
  if (refused.length === 0) return
  throw new MeshproofError('MP-137', {
    what: 'Helm does not take the options of an operator',
    where: refused.map(({ reference }) => `operator in ${reference}`).join(', '),
    next: 'Leave operator out of the file and give the same values with --charts, or install with istioctl.',
  })
}

/** The error for a pattern that matches no check, with the one that was probably meant: `reach.*` for `reach`. */
const unknownCheck = (pattern: string, ids: readonly string[]): MeshproofError => {
  const word = pattern.toLowerCase()
  const meant = [word, `${word}.*`].find((other) => ids.some((id) => matchesGlob(id, other)))
  if (meant === undefined) return unknownValue('check', pattern, ids)
  return new MeshproofError('MP-101', {
    what: `Unknown check “${pattern}”`,
    next: `Did you mean “${meant}”? meshproof list shows all checks.`,
  })
}

/**
 * Selects checks by patterns: `reach.*` includes, `!reach.path` excludes. With exclusions only, all other checks are
 * selected. A check on demand is selected only by a pattern that begins like its id, up to the dot: `*` does not
 * select it, and neither does an empty list of patterns.
 * @throws MeshproofError MP-101 for a pattern that matches no check, MP-103 where the patterns leave no check.
 */
export const selectChecks = (
  patterns: string[],
  checks: readonly Pick<Check, 'id' | 'disrupts' | 'onDemand'>[],
): ((id: string) => boolean) => {
  const ids = checks.map(({ id }) => id)
  const onDemand = new Set(checks.filter((head) => whyOnDemand(head) !== undefined).map(({ id }) => id))
  for (const pattern of patterns.map((text) => text.replace(/^!/, '')))
    if (!ids.some((id) => matchesGlob(id, pattern))) throw unknownCheck(pattern, [...new Set(ids)])
  const excludes = patterns.flatMap((pattern) => (pattern.startsWith('!') ? pattern.slice(1) : []))
  const includes = patterns.filter((pattern) => !pattern.startsWith('!'))
  const matches = (id: string, pattern: string): boolean =>
    matchesGlob(id, pattern) && (!onDemand.has(id) || pattern.startsWith(id.slice(0, id.indexOf('.') + 1)))
  const included = (id: string): boolean =>
    (includes.length === 0 && !onDemand.has(id)) || includes.some((pattern) => matches(id, pattern))
  const isSelected = (id: string): boolean => included(id) && !excludes.some((pattern) => matchesGlob(id, pattern))
  if (patterns.length > 0 && !ids.some(isSelected)) {
    throw new MeshproofError('MP-103', {
      what: 'The patterns of --suite leave no check',
      where: patterns.join(','),
      next: 'meshproof list',
    })
  }
  return isSelected
}
